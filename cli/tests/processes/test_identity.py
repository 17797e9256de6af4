import os

from slipway_cli.processes.identity import Identity


def test_a_running_process_is_found():
    assert Identity.of(os.getpid()).find().pid == os.getpid()


def test_a_process_that_got_the_same_pid_later_is_another_one(bystander):
    same_pid_made_earlier = Identity(bystander.pid, Identity.of(bystander.pid).created - 60)
    assert same_pid_made_earlier.find() is None


def test_a_process_that_has_ended_is_not_found(program):
    identity = Identity.of(os.getpid())
    assert Identity(2**22 + 1, identity.created).find() is None
