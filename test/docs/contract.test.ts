/** docs/contract.md and docs/cloud-api.md name what the code has. */
import { describe, expect, it } from 'vitest';
import { defaultKnobs } from '../../simulator/knobs';
import type { NicOutcome, Phase, RunOutcome } from '../../src/contract';
import {
  CONTINUED_AS_NEW,
  DIFFERENT_REQUEST,
  FAILURE_TYPE,
  MEMO,
  NOT_APPLICABLE,
  QUERY_STATUS,
  SEARCH_ATTRIBUTE,
  SIGNAL_POLL_NOW,
  UPDATE,
  WORKFLOW_TYPE,
} from '../../src/contract';
import { readPage } from './pages';

const contract = readPage('docs/contract.md').text;
const cloud = readPage('docs/cloud-api.md').text;
const missing = (names: readonly string[], page: string) =>
  names.filter((name) => !new RegExp(`[\`"]${name}[\`"]`).test(page));

/** Complete by its type. */
const OUTCOMES: Record<NicOutcome, true> = {
  deleted: true,
  detached: true,
  'already-absent': true,
  'still-attached': true,
  restored: true,
  recreated: true,
  untouched: true,
  unknown: true,
};
const PHASES: Record<Phase, true> = {
  inspecting: true,
  waiting: true,
  submitting: true,
  polling: true,
  verifying: true,
  restoring: true,
  'undo-window': true,
  committing: true,
  done: true,
};
/** Those of a failed run are its failure type. */
const ENDS: RunOutcome[] = [
  'deleted',
  'detached',
  'nothing-to-do',
  'planned',
  'undone',
  'restored',
  'recreated',
  'cancelled',
];

describe('docs/contract.md', () => {
  it('names every workflow type, message, memo, search attribute, failure type, outcome and phase', () => {
    const groups = [WORKFLOW_TYPE, UPDATE, MEMO, SEARCH_ATTRIBUTE, FAILURE_TYPE];
    const names = groups.flatMap((group) => Object.values<string>(group));
    const single = [QUERY_STATUS, SIGNAL_POLL_NOW, DIFFERENT_REQUEST, CONTINUED_AS_NEW, NOT_APPLICABLE];
    const all = [...names, ...single, ...Object.keys(OUTCOMES), ...Object.keys(PHASES), ...ENDS];
    expect(missing(all, contract)).toEqual([]);
  });

  it('has the failure types in the order that decides', () => {
    const types = Object.values(FAILURE_TYPE);
    const places = types.map((type) =>
      contract.search(new RegExp(`^\\| (Failed )?\\| \`${type}\` \\|`, 'm')),
    );
    expect(Math.min(...places)).toBeGreaterThan(0);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });
});

describe('docs/cloud-api.md', () => {
  it('names every knob of the simulated cloud', () => {
    const knobs = Object.keys(defaultKnobs());
    expect(knobs.length).toBeGreaterThan(40);
    expect(missing(knobs, cloud.replace(/`(\w+)\.\w+`/g, '`$1`'))).toEqual([]);
  });
});
