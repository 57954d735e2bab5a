/** Payloads that other callers leave on runs and this client cannot read, such as an encrypted memo. */
import type { PayloadCodec } from '@temporalio/common';
import { defaultPayloadConverter } from '@temporalio/common';

const NOTHING = defaultPayloadConverter.toPayload(null);

/**
 * For every client: an unreadable payload becomes `null`. Without it the client throws, and one such memo would hide
 * every run from a list, and keep the next run on that server from examining the previous one.
 */
export const lenient: PayloadCodec = {
  encode: async (payloads) => payloads,
  decode: async (payloads) => payloads.map((payload) => (isReadable(payload) ? payload : NOTHING)),
};

function isReadable(payload: Parameters<typeof defaultPayloadConverter.fromPayload>[0]): boolean {
  try {
    defaultPayloadConverter.fromPayload(payload);
    return true;
  } catch {
    return false;
  }
}
