/** Which NICs may be touched (docs/contract.md §6.2). The one-line cases stand in policies.test.ts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assess } from '../../src/workflows/policy/guards';
import { ELSEWHERE, id, here, nic, inspection, server, request } from '../support/inspection';

describe('guards', () => {
  it('a good request goes through as it is', () => {
    const judged = assess(request({ projectId: 'p' }), inspection());
    expect(judged).toMatchObject({ violations: [], passing: null, primaryId: id(0), absent: [] });
    expect(judged.targets.map((target) => target.id)).toEqual([id(1)]);
  });

  it('a listed NIC whose port belongs to another server is foreign, and that server is named', () => {
    const foreign = nic(1, { port: { state: 'attached', deviceId: ELSEWHERE } });
    const { violations } = assess(request(), inspection({ nics: [nic(0), foreign, nic(2)] }));
    expect(violations).toHaveLength(1);
    expect(violations[0]).toContain(ELSEWHERE);
    expect(assess(request({ nics: 'all' }), inspection({ nics: [nic(0), foreign] })).violations).toHaveLength(
      1,
    );
  });

  it.each<[string, object]>([
    ['an IPv4 address', { ip: '10.0.0.1' }],
    ['an IPv6 address in another spelling', { ip: 'FD00:0:0::0:1' }],
    ['a MAC in capitals', { mac: 'FA:16:3E:00:00:01' }],
  ])('%s as expected is no hindrance', (_name, expected) => {
    expect(assess(request({ nics: [{ id: id(1), ...expected }] }), inspection()).violations).toEqual([]);
  });

  it('an address that is expected but unknown is not taken on trust', () => {
    const blank = inspection({ nics: [nic(0), nic(1, { ips: [], mac: null })] });
    const asked = request({ nics: [{ id: id(1), ip: '10.0.0.1', mac: 'fa:16:3e:00:00:01' }] });
    expect(assess(asked, blank).violations).toHaveLength(2);
  });

  it('an elastic IP goes when it is allowed, and hinders only the NIC that carries it', () => {
    const seen = inspection({
      nics: [nic(0, { elasticIp: '203.0.113.9' }), nic(1, { elasticIp: '203.0.113.1' })],
    });
    expect(assess(request(), seen).violations).toHaveLength(1);
    expect(assess(request({ allowElasticIp: true }), seen).violations).toEqual([]);
    const onPrimary = inspection({ nics: [nic(0, { elasticIp: '203.0.113.9' }), nic(1)] });
    expect(assess(request(), onPrimary).violations).toEqual([]);
  });

  it('a plan that has not read whether ports are kept leaves that to the run; nobody else may', () => {
    const blank = nic(1);
    const untold = { ...blank, snapshot: { ...blank.snapshot, deleteOnTermination: null } };
    const seen = inspection({ nics: [nic(0), untold] });
    const keeping = request({ keepPort: true });
    expect(assess(keeping, seen).violations.join()).toContain('does not say whether its port would be kept');
    expect(assess(keeping, { ...seen, flagsUnread: true }).violations).toEqual([]);
  });

  it.each(['ERROR', 'PAUSED', 'SUSPENDED', 'SHELVED', 'SHELVED_OFFLOADED', 'VERIFY_RESIZE'])(
    '%s lasts: refused',
    (status) => {
      const judged = assess(request(), inspection(server({ status })));
      expect(judged.violations.join()).toContain(status);
      expect(judged.passing).toBeNull();
    },
  );
  it.each(['REBOOT', 'HARD_REBOOT', 'BUILD', 'RESIZE', 'MIGRATING', 'REBUILD', 'A_STATE_OF_TOMORROW'])(
    '%s passes: waited for',
    (status) => {
      const judged = assess(request(), inspection(server({ status })));
      expect([judged.violations, judged.passing]).toEqual([[], expect.stringContaining(status)]);
    },
  );
  it.each(['ACTIVE', 'SHUTOFF'])('%s is ready', (status) => {
    expect(assess(request(), inspection(server({ status })))).toMatchObject({
      violations: [],
      passing: null,
    });
  });
  it.each(['DELETED', 'SOFT_DELETED'])('a server that is %s does not exist', (status) => {
    expect(assess(request(), inspection(server({ status }))).violations.join()).toMatch(/does not exist/);
  });

  it.each([
    { locked: true },
    { frozen: true },
    { status: 'ERROR' },
    { status: 'REBOOT' },
    { taskState: 'x' },
  ])('nothing to do is no matter of %j', (state) => {
    const asked = request({ nics: [{ id: id(7) }] });
    const gone = { absent: [{ id: id(7), port: { state: 'free' } as const }] };
    expect(assess(asked, inspection({ ...server(state), ...gone }))).toMatchObject({
      violations: [],
      passing: null,
      targets: [],
    });
  });

  it('a NIC that is not listed, though its port says that it is here, is looked at again', () => {
    const asked = request({ nics: [{ id: id(7) }] });
    const judged = assess(asked, inspection({ absent: [{ id: id(7), port: here }] }));
    expect([judged.violations, judged.passing]).toEqual([[], expect.stringContaining(id(7))]);
  });

  it('of another project nothing is judged but that', () => {
    const judged = assess(request({ projectId: 'q' }), inspection(server({ locked: true })));
    expect([judged.violations.length, judged.targets]).toEqual([1, []]);
  });

  it('whatever the witnesses say: a run that may go on never takes a NIC that any of them calls primary', () => {
    const some = fc.subarray([id(0), id(1), id(2)]);
    const wanted = fc.oneof(
      fc.constant('all'),
      fc.subarray([id(0), id(1), id(2)], { minLength: 1 }).map((ids) => ids.map((of) => ({ id: of }))),
    );
    let allowed = 0;
    fc.assert(
      fc.property(some, some, some, wanted, (detail, ports, portsDeny, nics) => {
        const judged = assess(request({ nics }), inspection({ primary: { detail, ports, portsDeny } }));
        if (judged.violations.length > 0) return;
        allowed++;
        const named = new Set([...detail, ...ports]);
        expect([...named]).toEqual([judged.primaryId]);
        expect(portsDeny).not.toContain(judged.primaryId);
        for (const target of judged.targets) expect(named.has(target.id)).toBe(false);
      }),
      { numRuns: 1_000 },
    );
    expect(allowed).toBeGreaterThan(20);
  });
});
