import { describe, expect, it } from 'vitest';
import { protectedByList, protectedByTags } from '../../../src/workflows/policy/fleet/protection';

const now = Date.parse('2026-11-29T12:00:00Z');

describe('tags', () => {
  it.each([
    [['ecs-nics-protect=true']],
    [['env=old', 'ecs-nics-protect=yes']],
    [['ecs-nics-protect']],
    [['ecs-nics-protect=']],
    [['ecs-nics-protect.true']],
    [['ecs-nics-protect:true']],
    [['ecs-nics-protect-until=2026-11-29']],
    [['ecs-nics-protect-until=2027-01-01']],
    [['ecs-nics-protect-until=2025-02-31']],
    [['ecs-nics-protect-until=soon']],
    [['ecs-nics-protect-until=']],
    [null],
  ])('%j protect', (tags) => {
    expect(protectedByTags(tags, now)).not.toBeNull();
  });

  it.each([
    [[]],
    [['env=old']],
    [['ecs-nics-protect=false']],
    [['ecs-nics-protect=No']],
    [['ecs-nics-protected=true']],
    [['not-ecs-nics-protect=true']],
    [['ecs-nics-protect-until=2026-11-28']],
  ])('%j do not', (tags) => {
    expect(protectedByTags(tags, now)).toBeNull();
  });

  it('the last day counts to its end, UTC', () => {
    const tags = ['ecs-nics-protect-until=2026-11-29'];
    expect(protectedByTags(tags, Date.parse('2026-11-29T23:59:59Z'))).not.toBeNull();
    expect(protectedByTags(tags, Date.parse('2026-11-30T00:00:00Z'))).toBeNull();
  });
});

describe('the list', () => {
  const list = new Set(['db-01', '11111111-1111-4111-8111-111111111111']);
  it('names ids and names, whole ones', () => {
    expect(protectedByList(list, '11111111-1111-4111-8111-111111111111', null)).not.toBeNull();
    expect(protectedByList(list, 'x', 'db-01')).not.toBeNull();
    expect(protectedByList(list, 'x', 'db-011')).toBeNull();
    expect(protectedByList(list, 'x', null)).toBeNull();
  });
});
