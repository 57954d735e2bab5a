/** A clock that is off is told apart from a key that is wrong: their repair differs, and so does whom to call. */
import { describe, expect, it } from 'vitest';
import { accessKeys, authToken } from '../../../src/ecs/credentials';
import { clientAnswered, failure, JOB } from '../support';
import { MINUTE, SECOND, StillClock } from './support';

const clock = new StillClock();

async function refusedAt(
  aheadMs: number | null,
  code: string,
  credentials = accessKeys({ ak: 'A', sk: 'S' }),
) {
  const headers: Record<string, string> =
    aheadMs === null ? {} : { date: new Date(clock.now() + aheadMs).toUTCString() };
  const body = { error_code: code, error_msg: 'Incorrect IAM authentication information' };
  const { cloud } = clientAnswered({ status: 401, headers, body }, { credentials, clock });
  return failure(cloud.showJob(JOB));
}

describe('a refused signature', () => {
  it.each([
    [20 * MINUTE, '20 minutes behind the cloud’s'],
    [-16 * MINUTE, '16 minutes ahead of the cloud’s'],
    [-90 * 24 * 60 * MINUTE, '90 days ahead of the cloud’s'],
    [8 * 60 * MINUTE, '8 hours behind the cloud’s'],
    [10 * MINUTE, '10 minutes behind the cloud’s'],
  ])('with the cloud’s clock %i ms ahead names the clock', async (aheadMs, words) => {
    for (const code of ['APIGW.0301', 'APIGW.0303']) {
      const error = await refusedAt(aheadMs, code);
      expect(error.message).toContain(`${code}, the worker’s clock is ${words}`);
      expect(error).toMatchObject({
        action: 'credentials',
        fate: 'refused',
        code,
        hint: 'Set the clock of the worker’s machine (NTP); the credentials may well be right.',
      });
    }
  });

  it.each([0, 5 * SECOND, -9 * MINUTE, null])('with %s ms does not', async (aheadMs) => {
    const error = await refusedAt(aheadMs, 'APIGW.0301');
    expect(error.message).toContain('the credentials are wrong');
    expect(error.hint).toContain('access keys');
  });

  it('of a token has nothing to do with clocks', async () => {
    const error = await refusedAt(20 * MINUTE, 'APIGW.0307', authToken('T'));
    expect(error.message).toContain('the token has expired');
    expect(error.hint).toContain('HW_AUTH_TOKEN');
  });

  it('whose date is no date says nothing about clocks', async () => {
    const { cloud } = clientAnswered({ status: 401, headers: { date: 'yesterday' } }, { clock });
    expect((await failure(cloud.showJob(JOB))).message).toContain('the credentials are refused');
  });
});
