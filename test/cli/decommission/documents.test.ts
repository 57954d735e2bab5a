/** Plan and report of a whole run: joined from its pages, and as CSV that a spreadsheet can't be harmed by. */
import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { joinPlan, joinReport } from '../../../src/client/decommission/join';
import { planCsv, reportCsv } from '../../../src/cli/show/decommission/csv';
import { planLines } from '../../../src/cli/show/decommission/plan';
import { reportLines } from '../../../src/cli/show/decommission/report';
import { NIC_A, NIC_B, PAGE, SERVER } from '../support';
import { pageReport, plan, reportNic, reportServer, status } from './support';

const OTHER = SERVER.replace('3f0b', '4f0b');
const LOST = {
  document: null,
  listed: [{ serverId: OTHER, nics: [{ id: NIC_B, ip: '10.0.1.21' }] }],
  unreadable: { workflowId: 'decommission/cleanup/pages/1', servers: 1, reason: 'no answer in time' },
};
const read = (...servers: ReturnType<typeof reportServer>[]) => ({
  document: pageReport(0, servers),
  isOpen: true,
});

describe('the report of a run', () => {
  it('has the servers of all pages in their order, with totals by outcome and by code', () => {
    const left = { outcome: 'untouched' as const, errorCode: 'Protected', nics: [] };
    const report = joinReport(status(), [read(reportServer(), reportServer(left)), read(reportServer(left))]);
    expect(report).toMatchObject({
      run: 'cleanup',
      outcome: 'running',
      counts: { deleted: 1, untouched: 2 },
      codes: { Protected: 2 },
      unreadable: [],
    });
    expect(report.servers.map(({ errorCode }) => errorCode)).toEqual([null, 'Protected', 'Protected']);
    expect(joinReport(status({ outcome: 'incomplete' }), []).outcome).toBe('incomplete');
  });

  it('tells the servers of a page that cannot be read as unknown, and names the page', () => {
    const report = joinReport(status(), [read(reportServer()), LOST]);
    expect(report.counts).toEqual({ deleted: 1, unknown: 1 });
    expect(report.servers[1]).toMatchObject({
      serverId: OTHER,
      outcome: 'unknown',
      message: "its page can't be read: no answer in time",
      nics: [{ id: NIC_B, ip: '10.0.1.21', outcome: 'unknown' }],
    });
    expect(report.unreadable).toEqual([LOST.unreadable]);
    expect(reportLines(report, PAGE).at(-1)).toContain("pages/1 (1 server) can't be read");
  });

  it('of a page that was ended from outside: nobody works on its servers any more', () => {
    const rows = [reportServer({ outcome: 'running' }), reportServer({ outcome: 'waiting' }), reportServer()];
    const open = joinReport(status(), [{ document: pageReport(0, rows), isOpen: true }]);
    expect(open.counts).toEqual({ running: 1, waiting: 1, deleted: 1 });
    const closed = joinReport(status(), [{ document: pageReport(0, rows), isOpen: false }]);
    expect(closed.counts).toEqual({ unknown: 2, deleted: 1 });
    expect(closed.servers[0]?.message).toContain('look at the server');
  });
});

describe('the report as CSV', () => {
  const csv = (...servers: ReturnType<typeof reportServer>[]) =>
    reportCsv(joinReport(status(), [read(...servers)]));

  it('has a line for each NIC; its first columns are for scripts', () => {
    const [head, ...rows] = csv(
      reportServer({ nics: [reportNic(), reportNic({ id: NIC_B, differs: ['mac', 'name'] })] }),
    );
    expect(head).toMatch(/^server_id,nic_id,outcome,error_code,message,/);
    expect(rows).toEqual([
      `${SERVER},${NIC_A},deleted,,,web-01,deleted,10.0.1.20,fa:16:3e:00:00:02,new-mac,ff80,req1,`,
      `${SERVER},${NIC_B},deleted,,,web-01,deleted,10.0.1.20,fa:16:3e:00:00:02,new-mac,ff80,req1,mac name`,
    ]);
  });

  it('a server without NICs has a line; one left alone says why at each NIC, but not at one that is gone', () => {
    const why = { outcome: 'untouched' as const, errorCode: 'Drifted', message: 'other IP' };
    const [, none, left, gone] = csv(
      reportServer({ ...why, nics: [] }),
      reportServer({
        ...why,
        nics: [reportNic({ outcome: 'untouched' }), reportNic({ outcome: 'deleted' })],
      }),
    );
    expect(none).toMatch(new RegExp(`^${SERVER},,untouched,Drifted,other IP,web-01,`));
    expect(left).toContain(',untouched,Drifted,other IP,');
    expect(gone).toContain(',deleted,,,');
  });

  it.each([
    ['=HYPERLINK("http://x","y")'],
    ['+1'],
    ['-2+3'],
    ['@SUM(A1)'],
    ['\t=1+1'],
    ['\u001b[2J=1'],
    ['\uff1d1+1'],
    [' =1'],
  ])('a server named %j does nothing to a spreadsheet or a terminal', (serverName) => {
    const lines = csv(reportServer({ serverName, message: serverName, outcome: 'failed', nics: [] }));
    const [, row = []] = parse(lines.join('\n'));
    expect(row).toHaveLength(13);
    for (const cell of [row[4], row[5]]) {
      expect(cell).toMatch(/^'/);
      // eslint-disable-next-line no-control-regex
      expect(cell).not.toMatch(/[\u0000-\u001f]/);
    }
  });

  it('commas, quotes and lines in texts do not move a cell', () => {
    const message = 'a, "b";\nc';
    const lines = csv(reportServer({ message, outcome: 'failed', nics: [] }));
    expect(lines).toHaveLength(2);
    const [, row = []] = parse(lines.join('\n'));
    expect(row[4]).toBe('a, "b"; c');
  });
});

describe('the plan of a run', () => {
  const excluded = { serverId: OTHER, serverName: 'db-01', code: 'Protected' as const, reason: 'tag' };
  const nics = [{ ...reportNic(), elasticIp: null }];
  const page = {
    document: {
      run: 'cleanup',
      page: 0,
      servers: [{ serverId: SERVER, serverName: 'web-01', nics }],
      excluded: [excluded],
    },
    isOpen: true,
  };

  it('names each server that would be touched, and each that is left alone', () => {
    const joined = joinPlan(plan({ nextPage: 1 }), [page]);
    expect(joined).toMatchObject({ servers: 1, nextPage: null, excluded: [excluded], unreadable: [] });
    const text = planLines(joined, PAGE).join('\n');
    expect(text).toContain('1 server, 1 NIC would be touched');
    expect(text).toMatch(new RegExp(`${SERVER} +web-01 +1 +10.0.1.20 new-mac`));
    expect(text).toMatch(new RegExp(`${OTHER} +db-01 +Protected +tag`));
    expect(planCsv(joined).slice(1)).toEqual([
      `${SERVER},${NIC_A},10.0.1.20,fa:16:3e:00:00:02,,new-mac,web-01,,`,
      `${OTHER},,,,,,db-01,Protected,tag`,
    ]);
  });

  it('says how far it is while servers are inspected', () => {
    const joined = joinPlan(plan({ digest: null, inspected: 1 }), []);
    expect(planLines(joined, PAGE)[0]).toContain('so far (1 of 2 inspected)');
  });
});
