/**
 * What the contract declares, read from its sources: fields of documents and tables with their comments. So a page can tell it without
 * a second copy. Only the syntax is read: the sources are checked elsewhere.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ts from 'typescript';
import { root } from './root';

export interface Field {
  name: string;
  /** As it is written; empty for a member of a table. */
  type: string;
  optional: boolean;
  /** Its comment as one line; empty: it has none. */
  says: string;
}

const FOLDER = join(root, 'src/contract');
const declared = new Map<string, ts.InterfaceDeclaration | ts.TypeAliasDeclaration | ts.Expression>();

for (const file of readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).sort()) {
  if (!file.endsWith('.ts')) continue;
  const text = readFileSync(join(FOLDER, file), 'utf8');
  for (const statement of ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true).statements) {
    if (!isExported(statement)) continue;
    if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement))
      declared.set(statement.name.text, statement);
    if (!ts.isVariableStatement(statement)) continue;
    for (const { name, initializer } of statement.declarationList.declarations)
      if (initializer !== undefined) declared.set(name.getText(), bare(initializer));
  }
}

/** The fields of an interface, those that it extends first. */
export function fieldsOf(name: string): Field[] {
  const found = declared.get(name);
  if (found === undefined || !('kind' in found) || !ts.isInterfaceDeclaration(found))
    throw new Error(`src/contract declares no interface ${name}`);
  // Of tables of options, which an interface extends as a type, the page has a table of its own.
  const inherited = (found.heritageClauses ?? [])
    .flatMap(({ types }) => types)
    .filter(({ typeArguments }) => typeArguments === undefined)
    .flatMap(({ expression }) => fieldsOf(expression.getText()));
  const own = found.members.filter(ts.isPropertySignature).map((member) => ({
    name: member.name.getText(),
    type: member.type?.getText() ?? '',
    optional: member.questionToken !== undefined,
    says: commentOf(member),
  }));
  return [...inherited, ...own];
}

/** The texts that a type allows; `null`: it is no list of texts. */
export function wordsOf(name: string): string[] | null {
  const found = declared.get(name);
  if (found === undefined || !ts.isTypeAliasDeclaration(found) || !ts.isUnionTypeNode(found.type))
    return null;
  const words = found.type.types.map((type) =>
    ts.isLiteralTypeNode(type) && ts.isStringLiteral(type.literal) ? type.literal.text : null,
  );
  return words.every((word) => word !== null) ? words : null;
}

/** Whether the contract declares it as an interface. */
export function isDocument(name: string): boolean {
  const found = declared.get(name);
  return found !== undefined && ts.isInterfaceDeclaration(found);
}

/** The comment on each member of a table, or of the one that the member was taken from. */
export function commentsOf(table: string): Record<string, string> {
  const found = declared.get(table);
  if (found === undefined || !ts.isObjectLiteralExpression(found))
    throw new Error(`src/contract declares no table ${table}`);
  return commentsIn(found);
}

/** The same of each table in a table of tables. */
export function commentsWithin(table: string): Record<string, Record<string, string>> {
  const found = declared.get(table);
  if (found === undefined || !ts.isObjectLiteralExpression(found))
    throw new Error(`src/contract declares no table ${table}`);
  const inner = found.properties.filter(ts.isPropertyAssignment).map(({ name, initializer }) => {
    const value = bare(initializer);
    return [name.getText(), ts.isObjectLiteralExpression(value) ? commentsIn(value) : {}];
  });
  return Object.fromEntries(inner) as Record<string, Record<string, string>>;
}

function commentsIn(table: ts.ObjectLiteralExpression): Record<string, string> {
  return Object.fromEntries(
    table.properties.map((member) => [member.name?.getText() ?? '', commentOf(member) || borrowed(member)]),
  );
}

/** `projectId: DELETE_OPTIONS.projectId` has the comment of what it names. */
function borrowed(member: ts.ObjectLiteralElementLike): string {
  if (!ts.isPropertyAssignment(member) || !ts.isPropertyAccessExpression(member.initializer)) return '';
  const { expression, name } = member.initializer;
  return commentsOf(expression.getText())[name.text] ?? '';
}

function commentOf(node: ts.Node): string {
  const [last] = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc).slice(-1);
  const text = ts.getTextOfJSDocComment(last?.comment) ?? '';
  return text.replace(/\{@link (\w+)\}/g, '`$1`').replace(/\s*\n\s*/g, ' ');
}

/** Without `as const` and `satisfies`. */
function bare(expression: ts.Expression): ts.Expression {
  return ts.isAsExpression(expression) || ts.isSatisfiesExpression(expression)
    ? bare(expression.expression)
    : expression;
}

function isExported(node: ts.Statement): boolean {
  return (
    ts.canHaveModifiers(node) &&
    (ts.getModifiers(node) ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
  );
}
