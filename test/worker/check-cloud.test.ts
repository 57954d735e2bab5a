import { describe, expect, it, onTestFinished } from 'vitest';
import { accessKeys } from '../../src/ecs/credentials';
import { checkCloud } from '../../src/worker/check/cloud-checks';
import type { Finding } from '../../src/worker/check/finding';
import { createSimulator, DEFAULTS } from '../../simulator';
import type { SimulatorOptions } from '../../simulator';
import { serve } from '../ecs/support';

const config = (origin: string, more: object = {}) => ({
  projectId: DEFAULTS.projectId,
  region: DEFAULTS.region,
  endpoints: { ecs: origin, vpc: origin },
  credentials: accessKeys({ ak: DEFAULTS.ak, sk: DEFAULTS.sk }),
  through: () => null,
  cloudRps: 100,
  ...more,
});

async function simulated(options: SimulatorOptions = {}) {
  const simulator = createSimulator(options);
  onTestFinished(() => simulator.close());
  return { simulator, origin: await simulator.listen() };
}

const by = (findings: Finding[]) =>
  Object.fromEntries(findings.map(({ what, status, text }) => [what, `${status}: ${text}`]));

describe('the check of the cloud', () => {
  it('reads, with nothing there to be read, and changes nothing', async () => {
    const { simulator, origin } = await simulated();
    const findings = by(await checkCloud(config(origin)));
    expect(findings).toEqual({
      ECS: expect.stringMatching(/^ok: http:.*credentials, project/) as string,
      VPC: expect.stringMatching(/^ok: /) as string,
      sets: expect.stringMatching(/^ok: /) as string,
      clock: expect.stringMatching(/^ok: /) as string,
    });
    expect(simulator.ledger.requests.map(({ method }) => method)).toEqual(Array(7).fill('GET'));
    expect(simulator.ledger.effects).toEqual([]);
  });

  it('shows a wrong key to the cloud once', async () => {
    const { simulator, origin } = await simulated();
    const credentials = accessKeys({ ak: DEFAULTS.ak, sk: 'wrong' });
    const findings = by(await checkCloud(config(origin, { credentials })));
    expect(findings.ECS).toMatch(/^failed: .*APIGW\.0301.*access keys/);
    expect(findings.VPC).toMatch(/^skipped: .*lock a key/);
    expect(simulator.ledger.requests).toHaveLength(1);
  });

  it('tells a project of somebody else, and a missing permission by its name', async () => {
    const { simulator, origin } = await simulated();
    expect(by(await checkCloud(config(origin, { projectId: 'f'.repeat(32) }))).ECS).toMatch(
      /^failed: .*Ecs\.0023.*project id/,
    );
    simulator.control.setKnobs({ deniedActions: ['ecs:cloudServers:showJob', 'vpc:ports:get'] });
    const denied = by(await checkCloud(config(origin)));
    expect(denied.ECS).toMatch(/^failed: .*ecs:cloudServers:showJob/);
    expect(denied.VPC).toMatch(/^failed: .*vpc:ports:get/);
  });

  it('tells of elastic IPs that may not be listed: without them every guarded run would be refused', async () => {
    const { simulator, origin } = await simulated();
    simulator.control.setKnobs({ deniedActions: ['vpc:publicIps:list'] });
    const findings = by(await checkCloud(config(origin)));
    expect(findings.ECS).toMatch(/^ok: /);
    expect(findings.VPC).toMatch(/^failed: .*listElasticIps.*vpc:publicIps:list/);
  });

  it('tells what many servers and ports may not be read with, since runs go on without', async () => {
    const { simulator, origin } = await simulated();
    expect(by(await checkCloud(config(origin))).sets).toMatch(/^ok: /);
    for (const action of ['ecs:cloudServers:listServersDetails', 'vpc:ports:list']) {
      simulator.control.setKnobs({ deniedActions: [action] });
      const findings = by(await checkCloud(config(origin)));
      expect([findings.ECS, findings.VPC]).toEqual([
        expect.stringMatching(/^ok/),
        expect.stringMatching(/^ok/),
      ]);
      expect(findings.sets).toContain('warning: runs read one by one');
      expect(findings.sets).toContain(action);
    }
  });

  it('does not wait for a cloud that is not there, and tells one that is something else', async () => {
    const refused = by(await checkCloud(config('http://127.0.0.1:1')));
    expect([refused.ECS, refused.VPC]).toEqual([
      expect.stringMatching(/^failed: http:\/\/127\.0\.0\.1:1: .*ECONNREFUSED.*HUAWEICLOUD_ECS_ENDPOINT/),
      expect.stringMatching(/^failed: .*HUAWEICLOUD_VPC_ENDPOINT/),
    ]);
    const portal = await serve((_request, response) => response.end('<html>Welcome</html>'));
    expect(by(await checkCloud(config(portal.origin))).ECS).toMatch(/^failed: .*ECS_ENDPOINT/);
  });

  it('a throttled look is no fault of the configuration', async () => {
    const { simulator, origin } = await simulated();
    simulator.control.addFault({ match: { class: 'any' }, what: { kind: 'throttled' } });
    const findings = await checkCloud(config(origin));
    expect(findings.map(({ status }) => status)).toEqual(['warning', 'warning', 'ok']);
  });

  it.each([
    [3 * 60_000, /^warning: .*3 min.* behind .*NTP/],
    [-3 * 60_000, /^warning: .*3 min.* ahead /],
    [-3_600_000, /^failed: .*1 h.* ahead .*15 minutes/],
    [20_000, /^ok: /],
  ])('a cloud whose clock shows %i ms more', async (offset, expected) => {
    const { origin } = await serve((_request, response) => {
      response.setHeader('date', new Date(Date.now() + offset).toUTCString());
      response.statusCode = 401;
      response.end('{"error_code":"APIGW.0301","error_msg":"verify aksk signature fail"}');
    });
    const findings = by(await checkCloud(config(origin)));
    expect(findings.clock).toMatch(expected);
    expect(findings.ECS).toMatch(/^failed/);
  });
});
