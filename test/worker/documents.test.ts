/** What is said about the worker, held against the worker. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../../dev/root';
import { METRIC } from '../../src/activities/agreement/metric-names';
import { ERROR_TABLE } from '../../src/ecs/error-table';
import { HELP } from '../../src/worker/help';
import { Lifecycle } from '../../src/worker/lifecycle';

const page = readFileSync(join(root, 'docs/worker.md'), 'utf8');

describe('docs/worker.md', () => {
  it('has a row for each of our metrics, and speaks of no other', () => {
    const rows = [...page.matchAll(/^\| `(ecs_nics_\w+)` \| (\w+)/gm)].map(
      ([, name, kind]) => `${kind} ${name}`,
    );
    const counters: string[] = [
      METRIC.unknownSubmissions,
      METRIC.runsEnded,
      METRIC.cloudFailures,
      METRIC.cloudThrottled,
      METRIC.cloudCalls,
      METRIC.setReadFallbacks,
    ];
    const gauges: string[] = [METRIC.cloudRate];
    const shown = Object.values(METRIC).map((name) =>
      counters.includes(name)
        ? `counter ${name}_total`
        : `${gauges.includes(name) ? 'gauge' : 'histogram'} ${name}`,
    );
    expect(rows.sort()).toEqual(shown.sort());
    for (const [name] of page.matchAll(/\becs_nics_\w+/g)) {
      expect(shown.map((each) => each.split(' ')[1])).toContain(name.replace(/_(bucket|sum|count)$/, ''));
    }
  });

  it('waits in its alerts for codes that the table has', () => {
    const alert = /code=~"([^"]+)"/.exec(page)?.[1] ?? '';
    const matching = ERROR_TABLE.filter(({ code }) => new RegExp(`^(${alert})$`).test(code));
    expect(matching.length).toBeGreaterThan(5);
    // What all keys refused have in common, and none of the codes that pass by themselves.
    expect(matching.every(({ read }) => read === 'credentials')).toBe(true);
  });

  it('names the states of /readyz', () => {
    const lifecycle = new Lifecycle('x', new AbortController().signal);
    const states = [lifecycle.readyz().state];
    lifecycle.starting();
    states.push(lifecycle.readyz().state);
    const each = { getState: () => 'RUNNING' };
    lifecycle.running(
      { workflows: each, cloud: each, looks: each },
      { lost: () => ({ forMs: 60_000, problem: '' }) },
    );
    states.push(lifecycle.readyz().state);
    const stopped = new Lifecycle('x', AbortSignal.abort());
    states.push(stopped.readyz().state);
    stopped.failed('x');
    states.push(stopped.readyz().state);
    const documented = [...page.matchAll(/^\| `(\w+)` \| .*/gm)].map(([, state]) => state);
    for (const state of states) expect(documented).toContain(state);
  });
});

describe('--help', () => {
  it('fits a terminal of 80 columns', () => {
    for (const line of HELP.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
  });
});
