/** What was done to processes and networks in one file of tests, told at its end. */
export class Tally {
  private readonly counts = new Map<string, number>();

  add(what: string, count = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + count);
  }

  print(title: string): void {
    const text = [...this.counts].map(([what, count]) => `${count} ${what}`).join(', ');
    process.stdout.write(`[${title}] ${text}\n`);
  }
}
