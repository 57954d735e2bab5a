/** What stands in a command that we show for who asks and why, until somebody fills it in. */
export const TO_FILL_IN = { who: 'YOU', why: 'WHY' } as const;

/** Ours, and those that people know from help texts; a command that was pasted as it stands says nothing. */
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
