/** The check of a request. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkDeleteInput, requestKey } from '../../src/contract';
import { sameIp } from '../../src/contract/values';

const SERVER = '3f0b6f0e-2a53-4d59-9d1b-0a2a7e5f1c11';
const NIC = '6b1f7a52-5d1e-4a10-8c57-1f2f8a0d9e01';
const OTHER = 'c2a4e6d8-0b1c-4f3a-9e7d-5a6b7c8d9e02';
const good = { serverId: SERVER, nics: [{ id: NIC }] };

describe('the check of a request', () => {
  it('fills in the defaults', () => {
    expect(checkDeleteInput(good)).toMatchObject({
      problems: [],
      request: {
        dryRun: false,
        deadlineMs: 1_200_000,
        undoWindowMs: 0,
        onFailure: 'keep',
        timing: {
          firstPollMs: null,
          pollIntervalMs: null,
          settleMs: 30_000,
          verifyForMs: 120_000,
          busyWaitMs: 60_000,
        },
      },
    });
  });

  it.each<[string, unknown, RegExp]>([
    ['no object', [], /one JSON object/],
    ['no server', { nics: 'all' }, /serverId: missing/],
    ['an upper-case id', { ...good, serverId: SERVER.toUpperCase() }, /serverId.*lower-case UUID/],
    ['no NICs', { serverId: SERVER }, /nics: missing/],
    ['an empty list', { ...good, nics: [] }, /nics: empty/],
    ['a repeated NIC', { ...good, nics: [{ id: NIC }, { id: NIC }] }, /nics\[1\]\.id.*twice/],
    ['a NIC as text', { ...good, nics: [NIC] }, /nics\[0\]/],
    ['too many NICs', { ...good, nics: Array(500).fill({ id: NIC }) }, /500 entries/],
    ['a wrong IP', { ...good, nics: [{ id: NIC, ip: '10.0.0' }] }, /nics\[0\]\.ip/],
    ['a wrong MAC', { ...good, nics: [{ id: NIC, mac: 'x' }] }, /nics\[0\]\.mac/],
    ['an unknown field', { ...good, dryrun: true }, /"dryrun": unknown field/],
    ['an unknown timing', { ...good, timing: { poll: '1s' } }, /timing\."poll": unknown field/],
    ['a flag as text', { ...good, dryRun: 'yes' }, /dryRun: must be true or false/],
    ['a deadline above 20 hours', { ...good, deadline: '21h' }, /deadline.*out of range/],
    ['a deadline that is none', { ...good, deadline: 'soon' }, /deadline.*not a duration/],
    ['a negative number', { ...good, timing: { settle: -1 } }, /timing\.settle/],
    ['an undo window above 30 days', { ...good, undoWindow: '31d' }, /undoWindow.*out of range/],
    ['onCancel', { ...good, onCancel: 'undo' }, /onCancel: must be/],
  ])('%s is refused', (_name, input, expected) => {
    const { problems, request } = checkDeleteInput(input);
    expect(request).toBeNull();
    expect(problems.join('; ')).toMatch(expected);
  });

  it('names all problems at once', () => {
    expect(
      checkDeleteInput({ serverId: 1, nics: {}, dryRun: 1, deadline: [], extra: 1 }).problems,
    ).toHaveLength(5);
  });

  it('never throws, and never lets anything but sane values pass', () => {
    const field = fc.oneof(fc.anything(), fc.constantFrom(SERVER, 'all', '1h', true, 'keep'));
    const inputs = fc.oneof(
      fc.anything(),
      fc.record(
        { serverId: field, nics: field, deadline: field, timing: field, dryRun: field },
        { requiredKeys: [] },
      ),
    );
    fc.assert(
      fc.property(inputs, (input) => {
        const { problems, request } = checkDeleteInput(input);
        expect(problems.length === 0).toBe(request !== null);
        expect(problems.join('').length).toBeLessThan(20_000);
        if (request !== null) expect(request.serverId).toMatch(/^[0-9a-f-]{36}$/);
        expect(typeof requestKey(input)).toBe('string');
      }),
    );
  });
});

describe('the same request', () => {
  const two = { serverId: SERVER, nics: [{ id: NIC }, { id: OTHER }] };
  it.each<[string, object]>([
    ['the order of NICs', { nics: [{ id: OTHER }, { id: NIC }] }],
    ['who asks', { requestedBy: 'me', reason: 'because' }],
    ['pace and deadline', { timing: { settle: '1s' }, deadline: '1h' }],
    ['defaults spelled out', { dryRun: false, onFailure: 'keep', undoWindow: 0 }],
  ])('%s makes no difference', (_name, change) => {
    expect(requestKey({ ...two, ...change })).toBe(requestKey(two));
  });
  it.each<[string, object]>([
    ['another set of NICs', { nics: [{ id: NIC }] }],
    ['"all"', { nics: 'all' }],
    ['a dry run', { dryRun: true }],
    ['elastic IPs allowed', { allowElasticIp: true }],
  ])('%s makes a different one', (_name, change) => {
    expect(requestKey({ ...two, ...change })).not.toBe(requestKey(two));
  });
});

it('addresses are equal whatever their spelling', () => {
  expect(sameIp('FE80::1', 'fe80:0:0:0:0:0:0:1')).toBe(true);
  expect(sameIp('10.0.0.1', '10.0.0.2')).toBe(false);
});
