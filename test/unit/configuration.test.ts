import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ConfigError, readConfig } from '../../src/worker/config';

const SECRET = 'a-secret-that-must-not-show';
const lib = mkdtempSync(join(tmpdir(), 'ecs-nics-'));
const good = {
  HUAWEICLOUD_SDK_AK: 'AKAKAKAKAKAKAKAKAKAK',
  HUAWEICLOUD_SDK_SK: SECRET,
  HUAWEICLOUD_SDK_PROJECT_ID: '0123456789abcdef0123456789abcdef',
  HUAWEICLOUD_SDK_REGION_ID: 'eu-west-101',
};

function problemsOf(env: Record<string, string>): string {
  try {
    readConfig(env, lib, false);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return '';
}

describe('the configuration', () => {
  it('has the defaults of the contract', () => {
    const config = readConfig(good, lib, false);
    expect(config).toMatchObject({
      taskQueue: 'ecs-nics',
      cloudRps: 10,
      healthAddress: { host: '127.0.0.1', port: 8081 },
      metricsAddress: { host: '127.0.0.1', port: 9464 },
      shutdownGraceMs: 20_000,
      logLevel: 'info',
      logFormat: 'json',
      deployment: null,
      bundlePath: null,
      endpoints: {
        ecs: 'https://ecs.eu-west-101.myhuaweicloud.eu',
        vpc: 'https://vpc.eu-west-101.myhuaweicloud.eu',
      },
    });
    expect(Object.isFrozen(config)).toBe(true);
  });

  it.each([
    ['', null],
    ['all', ['EcsServerId', 'NicsPhase', 'NicsOutcome', 'DecommissionRun']],
    ['none', []],
    [' NicsOutcome , EcsServerId', ['EcsServerId', 'NicsOutcome']],
  ])('takes %j for the search attributes that there are', (value, expected) => {
    const env = { ...good, ECS_NICS_SEARCH_ATTRIBUTES: value };
    expect(readConfig(env, lib, false).searchAttributes).toEqual(expected);
  });

  it.each(['EcsServerID', 'All', 'EcsServerId,,NicsPhase', 'EcsServerId, Mine', 'true'])(
    'names what is wrong with %j as search attributes',
    (value) => {
      expect(problemsOf({ ...good, ECS_NICS_SEARCH_ATTRIBUTES: value })).toMatch(
        /ECS_NICS_SEARCH_ATTRIBUTES: ["“].*: give all, none, or some of EcsServerId,NicsPhase,NicsOutcome,DecommissionRun, separated by commas/,
      );
    },
  );

  it.each([
    ['eu-west-101', {}, 'myhuaweicloud.eu'],
    ['eu-west-0', {}, 'myhuaweicloud.com'],
    ['cn-north-4', {}, 'myhuaweicloud.com'],
    ['cn-north-4', { HW_CLOUD: ' Cloud.Example.org ' }, 'cloud.example.org'],
    ['eu-west-101', { HW_CLOUD: 'myhuaweicloud.com' }, 'myhuaweicloud.com'],
  ])('the endpoints of %s with %j live below %s', (region, more, domain) => {
    const { endpoints } = readConfig({ ...good, HUAWEICLOUD_SDK_REGION_ID: region, ...more }, lib, false);
    expect(endpoints).toEqual({
      ecs: `https://ecs.${region}.${domain}`,
      vpc: `https://vpc.${region}.${domain}`,
    });
  });

  it.each([
    ['HUAWEICLOUD_SDK_AK', '"AK"'],
    ['HUAWEICLOUD_SDK_SK', `'${SECRET}'`],
    ['HUAWEICLOUD_SDK_REGION_ID', '"eu-west-101"'],
  ])('suspects quotes around %s, and does not show what is in them', (name, value) => {
    const message = problemsOf({ [name]: value });
    expect(message).toContain(`${name}: the value stands in quotes; write it without them`);
    expect(message).not.toContain(SECRET);
  });

  it('names variables of the same families that it does not read', () => {
    const env = {
      ...good,
      HW_ASSUME_ROLE_AGENCY_NAME: SECRET,
      OS_PASSWORD: SECRET,
      HW_REGION_NAME: 'r2',
      PATH: '/',
    };
    const { unread } = readConfig({ ...env, HW_PROFILE: ' ' }, lib, false);
    expect(unread).toEqual(['HW_ASSUME_ROLE_AGENCY_NAME', 'OS_PASSWORD']);
  });

  it('takes the second names, too', () => {
    const config = readConfig(
      { HW_ACCESS_KEY: 'AK', HW_SECRET_KEY: SECRET, HW_PROJECT_ID: 'p', HW_REGION_NAME: 'r1' },
      lib,
      true,
    );
    expect([config.projectId, config.region, config.logFormat]).toEqual(['p', 'r1', 'pretty']);
  });

  it('never shows a secret', () => {
    const config = readConfig({ ...good, HUAWEICLOUD_SDK_SECURITY_TOKEN: `${SECRET}-token` }, lib, false);
    expect(inspect(config, { depth: 10, showHidden: true })).not.toContain(SECRET);
    expect(JSON.stringify(config)).not.toContain(SECRET);
    expect(problemsOf({ HUAWEICLOUD_SDK_SK: SECRET })).not.toContain(SECRET);
  });

  it.each<[string, Record<string, string>, RegExp]>([
    [
      'no project',
      { HUAWEICLOUD_SDK_PROJECT_ID: '' },
      /HUAWEICLOUD_SDK_PROJECT_ID or HW_PROJECT_ID is missing/,
    ],
    ['half a key pair', { HUAWEICLOUD_SDK_SK: '' }, /HUAWEICLOUD_SDK_SK/],
    [
      'plain http to another host',
      { HUAWEICLOUD_ECS_ENDPOINT: 'http://ecs.example' },
      /HUAWEICLOUD_ECS_ENDPOINT.*https/,
    ],
    [
      'an endpoint with a path',
      { HUAWEICLOUD_VPC_ENDPOINT: 'https://vpc.example/v1' },
      /HUAWEICLOUD_VPC_ENDPOINT/,
    ],
    ['a rate of nothing', { ECS_NICS_CLOUD_RPS: '0' }, /ECS_NICS_CLOUD_RPS/],
    ['a grace that is none', { ECS_NICS_SHUTDOWN_GRACE: 'soon' }, /ECS_NICS_SHUTDOWN_GRACE/],
    [
      'a grace without a unit',
      { ECS_NICS_SHUTDOWN_GRACE: '20' },
      /ECS_NICS_SHUTDOWN_GRACE: "20" has no unit; write "20 seconds"/,
    ],
    [
      'a grace with a fraction',
      { ECS_NICS_SHUTDOWN_GRACE: '0.5 min' },
      /ECS_NICS_SHUTDOWN_GRACE: "0.5 min" is a fraction; write "30 seconds"/,
    ],
    [
      'a grace that is too long',
      { ECS_NICS_SHUTDOWN_GRACE: '2h' },
      /ECS_NICS_SHUTDOWN_GRACE: "2h" is out of range; allowed are 0 ms to 1 h/,
    ],
    [
      'a health address without a port',
      { ECS_NICS_HEALTH_ADDRESS: '127.0.0.1' },
      /^one problem.*\n.*ECS_NICS_HEALTH_ADDRESS: "127\.0\.0\.1" is not .*8081.*off$/,
    ],
    [
      'a metrics address with a name',
      { ECS_NICS_METRICS_ADDRESS: 'worker:9464' },
      /ECS_NICS_METRICS_ADDRESS/,
    ],
    [
      'one port for both',
      { ECS_NICS_HEALTH_ADDRESS: '0.0.0.0:9464' },
      /ECS_NICS_HEALTH_ADDRESS and ECS_NICS_METRICS_ADDRESS: both name port 9464/,
    ],
    ['half a deployment', { TEMPORAL_DEPLOYMENT_NAME: 'd' }, /TEMPORAL_WORKER_BUILD_ID/],
    ['an unknown log level', { ECS_NICS_LOG_LEVEL: 'loud' }, /ECS_NICS_LOG_LEVEL/],
    ['production without a bundle', { NODE_ENV: 'production' }, /npm run build/],
  ])('%s is a problem with a remedy', (_name, change, expected) => {
    expect(problemsOf({ ...good, ...change })).toMatch(expected);
  });

  it('plain http goes to this machine, or where it is allowed on purpose', () => {
    expect(problemsOf({ ...good, HUAWEICLOUD_ECS_ENDPOINT: 'http://127.0.0.1:8900' })).toBe('');
    expect(
      problemsOf({ ...good, HUAWEICLOUD_ECS_ENDPOINT: 'http://sim:8900', ECS_NICS_ALLOW_HTTP: 'true' }),
    ).toBe('');
  });

  it('listens at IPv6 and at all addresses, or not at all', () => {
    const config = readConfig(
      { ...good, ECS_NICS_HEALTH_ADDRESS: '[::1]:8081', ECS_NICS_METRICS_ADDRESS: 'off' },
      lib,
      false,
    );
    expect([config.healthAddress, config.metricsAddress]).toEqual([{ host: '::1', port: 8081 }, null]);
    // The same port at different addresses is nobody's problem, nor is one that is turned off.
    const both = { ECS_NICS_HEALTH_ADDRESS: '127.0.0.1:9', ECS_NICS_METRICS_ADDRESS: '127.0.0.2:9' };
    expect(problemsOf({ ...good, ...both })).toBe('');
    expect(problemsOf({ ...good, ECS_NICS_HEALTH_ADDRESS: 'off', ECS_NICS_METRICS_ADDRESS: 'OFF' })).toBe('');
  });

  it('names all problems at once', () => {
    expect(problemsOf({ ECS_NICS_CLOUD_RPS: 'x', ECS_NICS_LOG_FORMAT: 'y' })).toMatch(/^4 problems/);
  });

  it('finds the prebuilt bundle', () => {
    writeFileSync(join(lib, 'workflow-bundle.js'), '');
    expect(readConfig({ ...good, NODE_ENV: 'production' }, lib, false).bundlePath).toContain(
      'workflow-bundle.js',
    );
  });
});
