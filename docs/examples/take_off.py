# python3 take_off.py delete <server-id> <port-id>...
# python3 take_off.py undo <server-id>
import asyncio
import os
import sys

from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowUpdateFailedError,
)
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError, CancelledError

# What a failure type of the run means for its caller.
WHAT_TO_DO = {
    "InvalidInput": "correct the request: the cloud was not called",
    "Refused": "settle what the message names, then ask again: nothing was changed",
    "CloudRefused": "do what the message says, then ask again: nothing was changed",
    "NotDeleted": "remove the reason, then ask again for the NICs that are still attached",
    "RolledBack": "everything is back: remove the reason, then ask again for all of them",
    "RestoreIncomplete": "a person has to look: not everything could be put back",
    "OutcomeUnknown": "a person has to look before anything is repeated",
}


async def answered(ask):
    """Asks again where the run goes on under a new run id, or a worker that was being replaced never saw the message."""
    while True:
        try:
            return await ask()
        except WorkflowUpdateFailedError as error:
            again = ("ContinuedAsNew", "UnprocessedUpdate")
            if not isinstance(error.cause, ApplicationError) or error.cause.type not in again:
                raise


def show(document):
    print(f"outcome {document['outcome']}, phase {document['phase']}")
    if document["undoUntil"] is not None:
        print(f"can be undone until {document['undoUntil']}")
    for nic in document["nics"]:
        print(*(nic[field] for field in ("id", "outcome", "errorCode", "message") if nic[field]))
    for warning in document["warnings"]:
        print(f"warning: {warning}")


async def take_off(client, server_id, ids):
    request = {
        "serverId": server_id,
        "nics": [{"id": id} for id in ids],
        "undoWindow": "1 hour",
        "requestedBy": "inventory",
        "reason": "T-7",
    }

    def submit():
        start = WithStartWorkflowOperation(
            "deleteServerNics",
            request,
            id=f"nics/{server_id}",
            task_queue=os.environ.get("ECS_NICS_TASK_QUEUE", "ecs-nics"),
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )
        # The request once more: an open run that serves another one says so.
        return client.execute_update_with_start_workflow(
            "submitted", request, start_workflow_operation=start
        )

    submitted = await answered(submit)
    print(f"submitted, job {submitted['jobId']}")
    run = client.get_workflow_handle(f"nics/{server_id}")
    document = await answered(lambda: run.execute_update("settled", request))
    # In an open window the run goes on. Otherwise it is over, and its end tells whether it failed.
    show(document if document["phase"] == "undo-window" else await run.result())


async def undo(client, server_id):
    workflow_id = f"nics/{server_id}"
    run = client.get_workflow_handle(workflow_id)
    who = {"by": "inventory", "reason": "the server is needed after all"}
    last = await run.describe()
    if last.status == WorkflowExecutionStatus.RUNNING:
        show(await answered(lambda: run.execute_update("undo", who)))
        return
    # The window is over, and the ports with it: a run of its own puts back what the last one took off, with new ports.
    request = {
        "serverId": server_id,
        "from": {"workflowId": workflow_id, "runId": last.run_id},
        "nics": "all",
        "requestedBy": who["by"],
        "reason": who["reason"],
    }
    task_queue = os.environ.get("ECS_NICS_TASK_QUEUE", "ecs-nics")
    show(await client.execute_workflow("restoreServerNics", request, id=workflow_id, task_queue=task_queue))


async def main(command, server_id, *ids):
    client = await Client.connect(
        os.environ.get("TEMPORAL_ADDRESS", "localhost:7233"),
        namespace=os.environ.get("TEMPORAL_NAMESPACE", "default"),
    )
    try:
        if command == "undo":
            await undo(client, server_id)
        else:
            await take_off(client, server_id, ids)
        return 0
    except (WorkflowFailureError, WorkflowUpdateFailedError) as error:
        failure = error.cause
        if isinstance(failure, CancelledError):
            print("cancelled: the query status has the document")
            return 7
        if not isinstance(failure, ApplicationError):
            raise
        print(f"{failure.type}: {failure.message}")
        for document in failure.details[:1]:
            show(document)
        # Others are about the message: DifferentRequest, NotApplicable, Cancelled.
        print(WHAT_TO_DO.get(failure.type, "nothing was changed by this message"))
        return 3


if __name__ == "__main__":
    code = asyncio.run(main(*sys.argv[1:]))
    sys.stdout.flush()
    # A thread of the SDK can abort a short program in the teardown of the interpreter
    # (https://github.com/temporalio/sdk-python/issues/300). So it is left without one.
    os._exit(code)
