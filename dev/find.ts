import { findTemporal } from './temporal-binary';
import { toStandardError } from './temporal-server';

/** Finds (or fetches) the server, without starting it, and says in words which one it is. */
export async function find(): Promise<string> {
  const found = await findTemporal(process.env, toStandardError);
  return found.kind === 'address'
    ? `${found.address}, from TEMPORAL_ADDRESS`
    : `CLI ${found.version} from ${found.from}`;
}
