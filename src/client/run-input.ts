/** What an open or closed run was asked for. */
import { isRecord } from '../contract';
import type { Temporal } from './connect';
import { isNotFound } from '../cli/errors';

const CALL_MS = 10_000;

/** The request that a run serves; `undefined` when it can't be read. */
export async function readInput(
  temporal: Temporal,
  run: { workflowId: string; runId: string; firstRunId: string },
): Promise<unknown> {
  // A run that has continued as new carries its own kind of input: the request is in the first run of the chain, which
  // may be too old to be kept, and then inside that input.
  const payload =
    (await payloadOf(temporal, run.workflowId, run.firstRunId)) ??
    (await payloadOf(temporal, run.workflowId, run.runId));
  if (payload === null) return undefined;
  const converter = temporal.client.options.loadedDataConverter;
  const [decoded] = await decodePayloads(converter.payloadCodecs, [payload]);
  if (decoded === undefined) return undefined;
  const input = converter.payloadConverter.fromPayload<unknown>(decoded);
  return isRecord(input) && isRecord(input.resumed) ? input.resumed.input : input;
}

async function payloadOf(temporal: Temporal, workflowId: string, runId: string) {
  try {
    const { history } = await temporal.call(CALL_MS, () =>
      temporal.client.workflowService.getWorkflowExecutionHistory({
        namespace: temporal.namespace,
        execution: { workflowId, runId },
        maximumPageSize: 1,
      }),
    );
    const started = history?.events?.[0]?.workflowExecutionStartedEventAttributes;
    return started?.input?.payloads?.[0] ?? null;
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
}

type Codec = Temporal['client']['options']['loadedDataConverter']['payloadCodecs'][number];
type Payloads = Parameters<Codec['decode']>[0];

/** Codecs are applied in their order when encoding, so the last one comes off first. */
async function decodePayloads(codecs: readonly Codec[], payloads: Payloads): Promise<Payloads> {
  let decoded = payloads;
  for (const codec of [...codecs].reverse()) decoded = await codec.decode(decoded);
  return decoded;
}
