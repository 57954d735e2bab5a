/** Reads the saved result of a run, for `--document`. */
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { reasonOf } from '../../client/grpc';
import type { Saved } from '../ask/earlier-request';
import { MAX_DOCUMENT_BYTES } from '../ask/earlier-request';

export async function readSaved(path: string | undefined): Promise<Saved> {
  if (path === undefined) return null;
  try {
    const saved = path === '-' ? await text(process.stdin) : await readFile(path, 'utf8');
    if (Buffer.byteLength(saved) > MAX_DOCUMENT_BYTES)
      return { problem: `longer than ${MAX_DOCUMENT_BYTES / 1_000} KB, so not the result of a run` };
    return { text: saved.replace(/^\uFEFF/, '') };
  } catch (error) {
    return { problem: `can't be read: ${reasonOf(error)}` };
  }
}
