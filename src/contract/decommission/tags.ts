/** A tag of a server as a detail writes it. */
export interface Tag {
  key: string;
  value: string;
}

/** The vendor does not say how a detail writes tags (docs/cloud-api.md §3.3): `key=value`, or with another sign between. */
const TAG = /^([^=:. ]+)(?:[=:. ](.*))?$/s;

/** Never throws: what is no tag has an empty key. */
export function readTag(text: string): Tag {
  const [, key = '', value = ''] = TAG.exec(text.trim()) ?? [];
  return { key, value: value.trim() };
}
