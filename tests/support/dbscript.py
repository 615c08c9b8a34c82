"""The SQL text of a scheduler's tables, written as H2 writes it (docs/releases.md 3)."""

# Tables with their columns besides ID; a third of them came after 0.13.
SCHEMA_013 = """
FRAMEWORK_ID FRAMEWORK_ID
JOB_KEYS ROLE ENVIRONMENT NAME
LOCKS JOB_KEY_ID TOKEN USER TIMESTAMPMS MESSAGE
QUOTAS ROLE NUM_CPUS RAM_MB DISK_MB
HOST_ATTRIBUTES HOST MODE SLAVE_ID
HOST_ATTRIBUTE_VALUES HOST_ATTRIBUTE_ID NAME VALUE
TASK_CONFIGS JOB_KEY_ID CREATOR_USER SERVICE NUM_CPUS RAM_MB DISK_MB PRIORITY MAX_TASK_FAILURES PRODUCTION CONTACT_EMAIL
    EXECUTOR_NAME EXECUTOR_DATA TIER
TASK_CONSTRAINTS TASK_CONFIG_ID NAME
VALUE_CONSTRAINTS CONSTRAINT_ID NEGATED
VALUE_CONSTRAINT_VALUES VALUE_CONSTRAINT_ID VALUE
LIMIT_CONSTRAINTS CONSTRAINT_ID VALUE
TASK_CONFIG_REQUESTED_PORTS TASK_CONFIG_ID PORT_NAME
TASK_CONFIG_TASK_LINKS TASK_CONFIG_ID LABEL URL
TASK_CONFIG_METADATA TASK_CONFIG_ID KEY VALUE
TASK_CONFIG_DOCKER_CONTAINERS TASK_CONFIG_ID IMAGE
TASK_CONFIG_DOCKER_CONTAINER_PARAMETERS CONTAINER_ID NAME VALUE
TASKS TASK_ID
JOB_UPDATES JOB_KEY_ID UPDATE_ID USER UPDATE_GROUP_SIZE MAX_PER_INSTANCE_FAILURES MAX_FAILED_INSTANCES
    MIN_WAIT_IN_INSTANCE_RUNNING_MS ROLLBACK_ON_FAILURE WAIT_FOR_BATCH_COMPLETION BLOCK_IF_NO_PULSES_AFTER_MS
JOB_UPDATE_LOCKS UPDATE_ROW_ID LOCK_TOKEN
JOB_UPDATE_CONFIGS UPDATE_ROW_ID TASK_CONFIG_ROW_ID IS_NEW
JOB_UPDATES_TO_INSTANCE_OVERRIDES UPDATE_ROW_ID FIRST LAST
JOB_UPDATES_TO_DESIRED_INSTANCES UPDATE_ROW_ID FIRST LAST
JOB_UPDATE_CONFIGS_TO_INSTANCES CONFIG_ID FIRST LAST
JOB_UPDATE_EVENTS UPDATE_ROW_ID STATUS TIMESTAMP_MS USER MESSAGE
JOB_INSTANCE_UPDATE_EVENTS UPDATE_ROW_ID ACTION INSTANCE_ID TIMESTAMP_MS
"""
SCHEMA_018 = (
    SCHEMA_013
    + """
TASK_RESOURCE TASK_CONFIG_ID TYPE_ID VALUE
QUOTA_RESOURCE QUOTA_ID TYPE_ID VALUE
TASK_CONFIG_MESOS_FETCHER_URIS TASK_CONFIG_ID VALUE EXTRACT CACHE
TASK_CONFIG_DOCKER_IMAGES TASK_CONFIG_ID NAME TAG
TASK_CONFIG_APPC_IMAGES TASK_CONFIG_ID NAME IMAGE_ID
TASK_CONFIG_VOLUMES TASK_CONFIG_ID HOST_PATH CONTAINER_PATH MODE
JOB_UPDATE_METADATA UPDATE_ROW_ID KEY VALUE
CHANGELOG APPLIED_AT DESCRIPTION DOWNGRADE_SCRIPT
"""
)
# After about so many characters H2 begins another INSERT.
LONGEST_INSERT = 4096


def literal(value):
    """A value as H2 writes it."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, bytes):
        return f"X'{value.hex()}'"
    if value is None:
        return "NULL"
    return encoded(value) if isinstance(value, str) else str(value)


def encoded(text):
    """A string as H2 writes it."""
    if all(" " <= sign <= "\x7f" for sign in text):
        return "'" + text.replace("'", "''") + "'"
    escapes = {"\t": r"\t", "\n": r"\n", "\f": r"\f", "\r": r"\r", '"': r"\"", "\\": r"\\"}
    units = text.encode("utf-16-be")
    signs = (chr(int.from_bytes(units[at : at + 2], "big")) for at in range(0, len(units), 2))
    parts = (escapes.get(sign) or (sign if " " <= sign <= "\x7f" else f"\\u{ord(sign):04x}") for sign in signs)
    return "STRINGDECODE('" + "".join(parts).replace("'", "''") + "')"


def script(tables, schema=SCHEMA_018):
    """The statements of a script; rows are tuples of all columns, ID first."""
    statements = [
        "SET DB_CLOSE_DELAY -1;\n",
        "SET LOCK_MODE 3;\n",
        "CREATE USER IF NOT EXISTS \"\" SALT '' HASH '' ADMIN;\n",
    ]
    left = dict(tables)
    for line in schema.strip().replace("\n    ", " ").split("\n"):
        if line:
            name, *columns = line.split(" ")
            statements += _table(name, ["ID", *columns], left.pop(name, ()))
    assert not left
    return [*statements, "ALTER TABLE PUBLIC.LOCKS ADD CONSTRAINT PUBLIC.CONSTRAINT_45 UNIQUE(TOKEN);\n"]


def _table(name, columns, rows):
    yield f"CREATE SEQUENCE PUBLIC.SYSTEM_SEQUENCE_{name} START WITH 1 BELONGS_TO_TABLE;\n"
    yield f"CREATE MEMORY TABLE PUBLIC.{name}(\n    " + ",\n    ".join(f"{one} VARCHAR" for one in columns) + "\n);\n"
    yield f"ALTER TABLE PUBLIC.{name} ADD CONSTRAINT PUBLIC.CONSTRAINT_{name} PRIMARY KEY(ID);\n"
    yield f"-- {len(rows)} +/- SELECT COUNT(*) FROM PUBLIC.{name};\n"
    head = f"INSERT INTO PUBLIC.{name}({', '.join(columns)}) VALUES\n"
    texts = []
    for row in rows:
        assert len(row) == len(columns), (name, row)
        texts.append(f"({', '.join(map(literal, row))})")
        if sum(map(len, texts)) > LONGEST_INSERT:
            yield head + ",\n".join(texts) + ";\n"
            texts.clear()
    if texts:
        yield head + ",\n".join(texts) + ";\n"
