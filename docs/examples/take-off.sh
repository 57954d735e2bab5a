#!/usr/bin/env bash
# bash take-off.sh delete <server-id> <port-id>...
# bash take-off.sh undo <server-id>
# Address and namespace: TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE, which the CLI reads itself.
set -euo pipefail
command=$1 server=$2
shift 2
id="nics/$server"
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT

# Prints the answer. Asks again where the run goes on under a new run id, or a worker that was being replaced never saw the message.
answered() {
  until "$@" --output json 2>"$errors"; do
    case $(rejected) in ContinuedAsNew | UnprocessedUpdate) ;; *) return 1 ;; esac
  done
}

# The failure type of an Update stands in the CLI's error text.
rejected() { sed -n 's/.*(type: \([A-Za-z]*\),.*/\1/p' "$errors"; }

show() {
  jq -r '
    "outcome \(.outcome), phase \(.phase)",
    (.undoUntil // empty | "can be undone until \(.)"),
    (.nics[]? | [.id, .outcome, .errorCode, .message] | map(select(. != null)) | join(" ")),
    (.warnings[]? | "warning: \(.)")'
}

# What a failure type means for its caller.
what_to_do() {
  case $1 in
    InvalidInput) echo "correct the request: the cloud was not called" ;;
    Refused) echo "settle what the message names, then ask again: nothing was changed" ;;
    CloudRefused) echo "do what the message says, then ask again: nothing was changed" ;;
    NotDeleted) echo "remove the reason, then ask again for the NICs that are still attached" ;;
    RolledBack) echo "everything is back: remove the reason, then ask again for all of them" ;;
    RestoreIncomplete) echo "a person has to look: not everything could be put back" ;;
    OutcomeUnknown) echo "a person has to look before anything is repeated" ;;
    # About the message: DifferentRequest, NotApplicable, Cancelled.
    *) echo "nothing was changed by this message" ;;
  esac
}

# The end of the run, which waits for it.
finish() {
  local end failure
  end=$(temporal workflow result --workflow-id "$id" --output json 2>"$errors") || true
  case $(jq -r .status <<<"$end") in
    COMPLETED) jq .result <<<"$end" | show ;;
    FAILED)
      failure=$(jq .closeEvent.workflowExecutionFailedEventAttributes.failure <<<"$end")
      jq -r '"\(.applicationFailureInfo.type): \(.message)"' <<<"$failure"
      jq '.applicationFailureInfo.details[0]' <<<"$failure" | show
      what_to_do "$(jq -r .applicationFailureInfo.type <<<"$failure")"
      exit 3
      ;;
    CANCELED)
      echo "cancelled: the query status has the document"
      exit 7
      ;;
    *)
      cat "$errors" >&2
      exit 1
      ;;
  esac
}

# An Update has failed: with the failure of its run, which is over then, or because of the message.
failed() {
  local type
  type=$(rejected)
  case $type in
    Refused | CloudRefused | NotDeleted | RolledBack | RestoreIncomplete | OutcomeUnknown) finish ;;
    "")
      cat "$errors" >&2
      exit 1
      ;;
  esac
  echo "$type: $(cat "$errors")"
  what_to_do "$type"
  exit 3
}

if [ "$command" = undo ]; then
  who='{"by": "inventory", "reason": "the server is needed after all"}'
  last=$(temporal workflow describe --workflow-id "$id" --output json | jq .workflowExecutionInfo)
  if [ "$(jq -r .status <<<"$last")" != WORKFLOW_EXECUTION_STATUS_RUNNING ]; then
    # The window is over, and the ports with it: a run of its own puts back what the last one took off, with new ports.
    input=$(jq -c --arg server "$server" --argjson who "$who" '{
      serverId: $server, from: .execution, nics: "all", requestedBy: $who.by, reason: $who.reason}' <<<"$last")
    temporal workflow start --type restoreServerNics --workflow-id "$id" \
      --task-queue "${ECS_NICS_TASK_QUEUE:-ecs-nics}" --input "$input" >/dev/null
    finish
    exit
  fi
  answer=$(answered temporal workflow update execute --workflow-id "$id" --name undo --input "$who") || failed
  jq .result <<<"$answer" | show
  exit
fi

input=$(jq -nc --arg server "$server" '{
  serverId: $server, nics: ($ARGS.positional | map({id: .})), undoWindow: "1 hour",
  requestedBy: "inventory", reason: "T-7"}' --args "$@")
# The request once more as the argument of the Update: an open run that serves another one says so.
answer=$(answered temporal workflow execute-update-with-start --type deleteServerNics --workflow-id "$id" \
  --task-queue "${ECS_NICS_TASK_QUEUE:-ecs-nics}" --input "$input" --id-conflict-policy UseExisting \
  --update-name submitted --update-input "$input") || failed
echo "submitted, job $(jq -r .updateResult.jobId <<<"$answer")"
answer=$(answered temporal workflow update execute --workflow-id "$id" --name settled --input "$input") || failed
# In an open window the run goes on. Otherwise it is over, and its end tells whether it failed.
if [ "$(jq -r .result.phase <<<"$answer")" = undo-window ]; then jq .result <<<"$answer" | show; else finish; fi
