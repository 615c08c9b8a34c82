r"""The runbook of a restore. Each step says what it prevents.

Rehearse it first, with one scheduler or with several:

    aurora_admin drill --backup=FILE
    aurora_admin drill --ha --backup=FILE

ONE SCHEDULER

 1. Find the scheduler, and check that it leads. This prevents a restore into
    another cluster, or into a standby.

      aurora_admin get_scheduler --verify west

 2. Save the present state, if that is still possible. The commit replaces it
    by the backup: what is not in the backup is lost.

      aurora_admin scheduler_backup_now west

 3. Choose a backup. Its name has the time at which it was written. This
    prevents a backup that is too old: tasks that were started after it are
    unknown to the restored scheduler.

      aurora_admin scheduler_list_backups west

 4. Stage it. Nothing is replaced yet: the staged copy is in the memory of
    the scheduler, and a restart of the scheduler forgets it.

      aurora_admin scheduler_stage_recovery west \
          scheduler-backup-2026-11-22-10-00

 5. Look at its tasks, and delete those that must not come back. This prevents
    that jobs which were killed on purpose run again.

      aurora_admin scheduler_print_recovery_tasks west
      aurora_admin scheduler_delete_recovery_tasks west TASK_ID,TASK_ID

    To stop here, drop the staged backup:

      aurora_admin scheduler_unload_recovery west

 6. Commit. The staged state replaces that of the scheduler, which then exits
    with status 0. Its supervisor must start it again.

      aurora_admin scheduler_commit_recovery west

 7. Check that the scheduler leads again, and that its pages show the tasks of
    the backup. If the reply to the commit was lost, do this before you repeat
    anything. That no backup is staged any more proves nothing, because a
    restart forgets the staged backup too.

      aurora_admin get_scheduler --verify west

SEVERAL SCHEDULERS

They share one log. When the leader exits, another one leads.

 1. Stop every scheduler, on every host. This prevents that another one leads
    in the middle of the restore and the staged backup is forgotten.

      systemctl stop aurora-scheduler

 2. Empty the log. This prevents a commit on top of a damaged log. The log of
    reference schedulers in ZooKeeper:

      aurora-reference-log wipe --zk=zk1:2181,zk2:2181,zk3:2181 \
          --group=/aurora/replicated-log
      aurora-reference-log initialize --zk=zk1:2181,zk2:2181,zk3:2181 \
          --group=/aurora/replicated-log --cluster=west

    The log of real schedulers is in files: move them away on every host, then

      mesos-log initialize --path=DIR

 3. Start every scheduler with these flags instead of its usual ones, so that
    none is advertised. This prevents that clients and Mesos use a scheduler
    that has no tasks yet.

      -mesos_master_address=zk://zk1:2181,zk2:2181,zk3:2181/no/mesos
      -max_registration_delay=360mins

 4. Find the elected one. It is the one that prints a line with 1 here:

      curl -s http://HOST:8081/vars | grep LEADER_AWAITING_REGISTRATION

 5. Name it in a clusters.json of its own, because it is not in ZooKeeper.

      mkdir restore
      echo '[{"name": "west", "scheduler_uri": "http://HOST:8081"}]' \
          > restore/clusters.json
      export AURORA_CONFIG_ROOT=$PWD/restore

 6. Do the steps 3 to 6 above with that scheduler, each command with the option
    --bypass-leader-redirect. This prevents that a call is redirected.

      aurora_admin scheduler_list_backups --bypass-leader-redirect west
      aurora_admin scheduler_stage_recovery --bypass-leader-redirect west \
          scheduler-backup-2026-11-22-10-00
      aurora_admin scheduler_print_recovery_tasks --bypass-leader-redirect west
      aurora_admin scheduler_commit_recovery --bypass-leader-redirect west

 7. Start every scheduler again with its usual flags, and check that one leads.

      unset AURORA_CONFIG_ROOT
      aurora_admin get_scheduler --verify west
"""
