/**
 * The keys of requests, letter by letter: they decide whether a command attaches to an open run, and they follow from the
 * tables of options. What goes into them stands here once more, so that no change of a table moves it unseen.
 */
import { expect, it } from 'vitest';
import {
  DELETE_OPTIONS,
  RELEASE_OPTIONS,
  RESTORE_OPTIONS,
  releaseKey,
  requestKey,
  restoreKey,
} from '../../src/contract';

const SERVER = '3f0b6f0e-2a53-4d59-9d1b-0a2a7e5f1c11';
const NIC = '6b1f7a52-5d1e-4a10-8c57-1f2f8a0d9e01';
const OTHER = 'c2a4e6d8-0b1c-4f3a-9e7d-5a6b7c8d9e02';
const RUN = { workflowId: `nics/${SERVER}`, runId: NIC };
const about = { projectId: 'p', requestedBy: 'ops', reason: 'T-1', timing: { settle: 0 } };

it.each<[object, string]>([
  [{ nics: 'all' }, `["${SERVER}","all",false,0,"keep","keep",false,false]`],
  [
    { ...about, nics: [{ id: OTHER, ip: '10.0.0.9' }, { id: NIC }], deadline: '1h' },
    `["${SERVER}",["${NIC}","${OTHER}"],false,0,"keep","keep",false,false]`,
  ],
  [
    {
      nics: [{ id: NIC }],
      dryRun: true,
      keepPort: true,
      undoWindow: '24 hours',
      onFailure: 'restore',
      allowElasticIp: true,
    },
    `["${SERVER}",["${NIC}"],true,86400000,"restore","keep",true,true]`,
  ],
  [
    { nics: [{ id: NIC }], undoWindow: 90_000, onCancel: 'restore' },
    `["${SERVER}",["${NIC}"],false,90000,"keep","restore",false,false]`,
  ],
  [{ nics: [] }, `invalid {"serverId":"${SERVER}","nics":[]}`],
])('of a deletion: %j', (more, key) => {
  expect(requestKey({ serverId: SERVER, ...more })).toBe(key);
});

const from = `{"kind":"run","workflowId":"nics/${SERVER}","runId":"${NIC}"}`;

it.each<[object, string]>([
  [{ from: RUN, nics: 'all' }, `["${SERVER}",${from},"all",false,false]`],
  [
    { ...about, from: RUN, nics: [{ id: OTHER }, { id: NIC }], allowNewIp: true },
    `["${SERVER}",${from},["${NIC}","${OTHER}"],true,false]`,
  ],
  [{ from: RUN, nics: 'all', dryRun: true }, `["${SERVER}",${from},"all",false,true]`],
  [
    { from: { document: { serverId: SERVER, nics: [] } }, nics: 'all' },
    `["${SERVER}",{"kind":"document","nics":[]},"all",false,false]`,
  ],
])('of a restore: %j', (more, key) => {
  expect(restoreKey({ serverId: SERVER, ...more })).toBe(key);
});

it.each<[object, string]>([
  [{ from: RUN, nics: 'all' }, `["${SERVER}",${from},"all",false]`],
  [
    { ...about, from: RUN, nics: [{ id: OTHER }, { id: NIC }], dryRun: true },
    `["${SERVER}",${from},["${NIC}","${OTHER}"],true]`,
  ],
])('of a release: %j', (more, key) => {
  expect(releaseKey({ serverId: SERVER, ...more })).toBe(key);
});

it.each([
  [
    'deletion',
    DELETE_OPTIONS,
    ['projectId', 'respectProtection', 'serverName', 'deadline', 'requestedBy', 'reason', 'timing'],
  ],
  ['restore', RESTORE_OPTIONS, ['projectId', 'requestedBy', 'reason', 'timing']],
  ['release', RELEASE_OPTIONS, ['projectId', 'requestedBy', 'reason', 'timing']],
])(
  'of a %s leave out only who asks, why, where, how fast, for how long, and a further guard',
  (_name, options, left) => {
    const outside = Object.entries(options).filter(([, option]) => !('identity' in option));
    expect(outside.map(([field]) => field)).toEqual(left);
  },
);
