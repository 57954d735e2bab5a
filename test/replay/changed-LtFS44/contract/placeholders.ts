/** Placeholders in the commands that a report suggests: the operator replaces them by a name and a reason. */
export const TO_FILL_IN = { who: 'YOU', why: 'WHY' } as const;

/** Those above, and those of help texts: a command that was pasted unchanged names neither a person nor a reason. */
const PLACEHOLDERS: ReadonlySet<string> = new Set([
  ...Object.values(TO_FILL_IN).map((text) => text.toLowerCase()),
  'your name',
  '…',
  '...',
]);
const IN_ANGLES = /^<[a-z _-]*>$/;

export function isPlaceholder(text: string): boolean {
  const words = text.trim().toLowerCase();
  return PLACEHOLDERS.has(words) || IN_ANGLES.test(words);
}
