/** What others leave on runs, and nobody here can read: an encrypted memo, say. */
import type { PayloadCodec } from '@temporalio/common';
import { defaultPayloadConverter } from '@temporalio/common';

const NOTHING = defaultPayloadConverter.toPayload(null);

/**
 * For every client: what can't be read is `null`. By itself the client throws, and one such memo would hide every run from
 * a list, and keep the next run on that server from looking at the one before it.
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
