/** The lines of a list, whatever its format, as values that are still to be checked. No IO. */
import { parse } from 'csv-parse/sync';
import { isRecord } from '../../../contract/values';
import { quoted } from '../../../contract/text';
import { foldedId } from '../../ids';

/** A server of the list as its line writes it, or what is wrong with the line. */
export type Line = { line: number } & ({ value: unknown } | { problem: string });

export interface Lines {
  /** `csv`: a server has a line for each NIC. */
  format: 'json' | 'csv' | 'plain';
  lines: Line[];
}

const COMMENT = '#';
/** In the spelling of the header, of the check, and of people who leave the underscore away. */
const COLUMNS: Readonly<Record<string, string>> = { serverid: 'serverId', nicid: 'id', ip: 'ip', mac: 'mac' };
const DELIMITERS = [',', ';', '\t'] as const;
export const CSV_HEADER = 'server_id,nic_id';

/** Recognises the format by the first line that says something. */
export function linesOf(text: string): Lines {
  const all = text.split(/\r\n|\n|\r/).map((content, i) => ({ content: content.trim(), line: i + 1 }));
  const said = all.filter(({ content }) => content !== '' && !content.startsWith(COMMENT));
  const first = said[0];
  if (first === undefined) return { format: 'plain', lines: [] };
  if (first.content.startsWith('{'))
    return { format: 'json', lines: said.map(({ content, line }) => ({ line, ...jsonValue(content) })) };
  if (first.content.startsWith('[')) {
    const problem = "a JSON list; write one object a line, e.g. with jq -c '.[]'";
    return { format: 'json', lines: [{ line: first.line, problem }] };
  }
  const delimiter = DELIMITERS.find((each) => first.content.includes(each)) ?? ',';
  const header = headerOf(first.content, delimiter);
  if (header.includes('serverId'))
    return { format: 'csv', lines: csvLines(text, first.line, header, delimiter) };
  if (first.content.includes(',') || first.content.includes(';')) {
    const problem = `looks like CSV, without its header: the first line must be ${CSV_HEADER}`;
    return { format: 'plain', lines: [{ line: first.line, problem }] };
  }
  return { format: 'plain', lines: said.map(({ content, line }) => ({ line, value: plainValue(content) })) };
}

function jsonValue(content: string): { value: unknown } | { problem: string } {
  try {
    return { value: JSON.parse(content) as unknown };
  } catch {
    return { problem: `not JSON: ${quoted(content)}` };
  }
}

/** `server-id [nic-id…]`; no NIC named: every one but the primary. */
function plainValue(content: string): unknown {
  const [serverId, ...nics] = content
    .replace(/\s#.*$/, '')
    .trim()
    .split(/\s+/);
  const isAll = nics.length === 0 || (nics.length === 1 && nics[0] === 'all');
  return { serverId, nics: isAll ? 'all' : nics.map((id) => ({ id })) };
}

function headerOf(content: string, delimiter: string): string[] {
  return content.split(delimiter).map((cell) => {
    const name = cell.replaceAll('"', '').trim();
    return COLUMNS[name.toLowerCase().replaceAll('_', '')] ?? name;
  });
}

function csvLines(text: string, first: number, header: string[], delimiter: string): Line[] {
  const known = new Set(Object.values(COLUMNS));
  const unknown = header.filter((name) => !known.has(name));
  const isTwice = new Set(header).size < header.length;
  if (unknown.length > 0 || isTwice || !header.includes('id')) {
    const what = unknown.length > 0 ? `unknown column ${unknown.map((it) => quoted(it)).join(', ')}; ` : '';
    return [{ line: first, problem: `${what}the header must be ${CSV_HEADER}, with ip and mac if you like` }];
  }
  const skipped: Line[] = [];
  const records = parse(text, {
    info: true,
    bom: true,
    delimiter,
    comment: COMMENT,
    comment_no_infix: true,
    trim: true,
    skip_empty_lines: true,
    // A spreadsheet writes its empty rows as `,,`.
    skip_records_with_empty_values: true,
    // A row with too many or too few cells is told in our own words.
    relax_column_count: true,
    skip_records_with_error: true,
    on_skip: (error) => {
      skipped.push({
        line: Number(error?.lines ?? first),
        problem: `not CSV: ${error?.message ?? 'unreadable'}`,
      });
      return undefined;
    },
  }) as unknown as { info: { lines: number }; record: string[] }[];
  const lines = records
    .filter(({ info }) => info.lines > first)
    .map(({ info, record }): Line => ({ line: info.lines, ...csvValue(record.map(trimmed), header) }));
  return [...lines, ...skipped].sort((a, b) => a.line - b.line);
}

/** The parser does not know the spaces of other scripts. */
const trimmed = (cell: string): string => cell.trim();

function csvValue(record: string[], header: string[]): { value: unknown } | { problem: string } {
  if (record.slice(header.length).some((cell) => cell !== ''))
    return { problem: `${record.length} cells; the header has ${header.length}` };
  const cells = Object.fromEntries(header.map((name, i) => [name, record[i] ?? '']));
  const { serverId, id, ip, mac } = cells;
  if (id === '') return { problem: 'nic_id: empty; write all for every NIC but the primary one' };
  const nics = id === 'all' ? id : [{ id, ...(ip ? { ip } : {}), ...(mac ? { mac } : {}) }];
  return { value: { ...(serverId === '' ? {} : { serverId }), nics } };
}

/** As the check takes it: ids in upper case are the same ids. */
export function folded(value: unknown): unknown {
  if (!isRecord(value)) return value;
  // The name is on the list for the people who read it.
  const written = Object.fromEntries(Object.entries(value).filter(([name]) => name !== 'serverName'));
  const { serverId, nics } = written;
  return {
    ...written,
    ...(typeof serverId === 'string' ? { serverId: foldedId(serverId) } : {}),
    ...(Array.isArray(nics) ? { nics: nics.map(foldedNic) } : {}),
  };
}

function foldedNic(nic: unknown): unknown {
  if (!isRecord(nic) || typeof nic.id !== 'string') return nic;
  return { ...nic, id: foldedId(nic.id) };
}
