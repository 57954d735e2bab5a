/** A run that an older release has handed on keeps all that it knew. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../../dev/root';
import type { ResultDocument } from '../../src/contract';
import { freshState } from '../../src/workflows/run/state';
import { nested } from '../../src/workflows/run/state/flat';

type Fields = Record<string, unknown>;

/** What the worker that recorded this history has handed on. */
function handedOn(path: string): Fields {
  const { events } = JSON.parse(readFileSync(join(root, 'test/histories', path), 'utf8')) as {
    events: { workflowExecutionStartedEventAttributes: { input: { payloads: { data: string }[] } } }[];
  };
  const { data } = events[0]!.workflowExecutionStartedEventAttributes.input.payloads[0]!;
  const { resumed } = JSON.parse(Buffer.from(data, 'base64').toString()) as { resumed: { state: Fields } };
  return resumed.state;
}

const fieldsOf = (records: object): string[] =>
  Object.entries(records).flatMap(([name, record]) =>
    name === 'document' ? [] : Object.values(record as Fields).map(String),
  );

describe('the flat state of a release before 0.1.0', () => {
  const flat = handedOn('releases/0.1.0-alpha.1/chain-2.json');

  it('has all of its fields in the records, each in a place of its own', () => {
    const names = Object.keys(flat).filter((name) => name !== 'document');
    const marked = {
      ...Object.fromEntries(names.map((name) => [name, `of ${name}`])),
      document: flat.document,
    };
    const given = fieldsOf(nested(marked as unknown as Parameters<typeof nested>[0]));
    expect(names.length).toBeGreaterThan(15);
    expect(given.filter((value) => value.startsWith('of ')).sort()).toEqual(
      names.map((name) => `of ${name}`).sort(),
    );
  });

  it('means what it meant', () => {
    const state = nested(flat as unknown as Parameters<typeof nested>[0]);
    expect(state.document).toEqual(flat.document);
    expect(state.pacing).toEqual({ deadlineAt: flat.deadlineAt, woken: flat.woken, rest: flat.rest });
    expect(state.sent).toMatchObject({ touched: true, submission: { over: true } });
    expect(state.job).toMatchObject({ state: flat.jobState, pace: flat.pace, dueAt: flat.pollDueAt });
    expect(state.seen.witnesses).toEqual(flat.witnesses);
    // It knew of no undo.
    expect(state.undo).toEqual(freshState({} as ResultDocument, 0).undo);
  });
});
