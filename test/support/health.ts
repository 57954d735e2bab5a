/** Asking `/livez` and `/readyz`. */
export async function ask(
  port: number,
  path: '/livez' | '/readyz',
): Promise<{ status: number; ok: boolean; state: string; reason?: string }> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`);
  const body = (await answer.json()) as { ok: boolean; state: string; reason?: string };
  return { status: answer.status, ...body };
}
