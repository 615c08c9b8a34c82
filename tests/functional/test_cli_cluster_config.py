"""get_cluster_config, and what a shell makes of it. The recorded command lines are in test_cli_recorded.py."""

import json
import shutil
import subprocess

from tests.support.processes import PROGRAMS, environment

ENTRY = {"name": "west", "zk": "zk1,zk2", "zk_port": 2181, "racks": [{"hosts": ["h 1", "it's"]}], "x": 1.5, "n": None}


def evaluated(tmp_path, script):
    """Run a script in which CONFIG is replaced by the evaluated variables of west."""
    line = f'eval "$({PROGRAMS / "aurora_admin"} get_cluster_config --sh --export west)"'
    done = subprocess.run(
        [shutil.which("sh"), "-c", script.replace("CONFIG", line)],
        env=environment(tmp_path),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


def test_a_shell_reads_the_variables(clusters, tmp_path):
    clusters.write_documents([ENTRY])
    script = (
        'CONFIG; printf "%s|" "$AURORA_CLUSTER_ZK" "$AURORA_CLUSTER_RACKS_0_HOSTS_0" "$AURORA_CLUSTER_RACKS_0_HOSTS_1"'
    )
    assert evaluated(tmp_path, script) == "zk1,zk2|h 1|it's|"
    assert evaluated(tmp_path, "CONFIG; sh -c 'echo $AURORA_CLUSTER_ZK_PORT'") == "2181\n"


def test_an_entry_with_a_command_in_a_key_or_a_value_runs_no_command(clusters, tmp_path):
    clusters.write_documents([{"name": "west", "a; >RAN #": "$(>RAN)", "b\n>RAN\n": "`>RAN`"}])
    evaluated(tmp_path, "CONFIG")
    assert not (tmp_path / "RAN").exists()


def test_the_json_is_an_entry_of_a_clusters_file(admin, clusters):
    clusters.write_documents([ENTRY])
    result = admin("get_cluster_config", "west")
    assert (result.code, json.loads(result.out), result.err) == (0, ENTRY, "")


def test_an_unknown_cluster_is_one_line(admin, clusters):
    clusters.write_documents([ENTRY])
    result = admin("get_cluster_config", "east")
    assert (result.code, result.out) == (1, "")
    assert result.err == "FATAL] Unknown cluster: east. Known clusters: west\n"
