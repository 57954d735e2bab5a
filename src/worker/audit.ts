/** The audit stream: what has changed something, or was decided about a change, as JSON lines that are only ever appended. */
import { appendFileSync } from 'node:fs';
import { cleanJson } from '../contract/text';

/** Names, reasons and addresses are nobody else's business. */
const AUDIT_FILE = { mode: 0o600 } as const;

/**
 * Writes each line at once: what is told has happened. The file is opened anew for each, so that it can be moved away at any time.
 * @param target a file, or `stdout`
 * @param failed told when a line could not be written; the work goes on, and the log has the line
 */
export function auditTo(target: string, failed: (why: string) => void): (fields: object) => void {
  return (fields) => {
    const line = `${cleanJson(JSON.stringify(fields))}\n`;
    try {
      if (target === 'stdout') process.stdout.write(line);
      else appendFileSync(target, line, AUDIT_FILE);
    } catch (error) {
      failed(`the audit log can't be written: ${(error as Error).message}`);
    }
  };
}
