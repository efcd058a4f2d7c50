// Scores as people read them: all of one picture, or a line for each of several.

import type { Measure, Score } from '../score/types.js';
import { table } from './table.js';

/** @param names of the pictures */
export function scoreTable(names: readonly string[], scores: readonly Score[]): string[] {
  return scores.length === 1 ? whole(scores[0]!) : lines(names, scores);
}

function whole(score: Score): string[] {
  const measures: [string, Measure][] = [
    ...named('style', score.style),
    ...named('content', score.content),
    ['palette', score.palette],
    ...Object.entries(score.strength),
  ];
  const { style, content, palette } = score.position;
  const { faults, faultsOf } = score;
  return table([
    [`${score.width}×${score.height}`, 'picture', 'content', 'style', 'position'],
    ...measures.map(([name, { value, content, style, position }]) => [
      name,
      ...[value, content, style].map(number),
      percent(position),
    ]),
    ...(['grain', 'grid', 'border', 'veil'] as const).map((name) => [
      name,
      ...[faults, faultsOf.content, faultsOf.style].map((of) => number(of[name])),
      '',
    ]),
  ]).concat(`style ${percent(style)}, content ${percent(content)}, palette ${percent(palette)}`);
}

const named = (group: string, measures: Record<string, Measure>) =>
  Object.entries(measures).map(([name, measure]): [string, Measure] => [`${group} ${name}`, measure]);

function lines(names: readonly string[], scores: readonly Score[]): string[] {
  const strengths = Object.keys(scores[0]!.strength);
  const head = ['', 'style', 'content', 'palette', ...strengths, 'grain', 'grid', 'border', 'veil'];
  return table([
    head,
    ...scores.map(({ position, strength, faults }, i) => [
      names[i]!,
      ...[position.style, position.content, position.palette].map(percent),
      ...strengths.map((name) => number(strength[name]!.value)),
      ...[faults.grain, faults.grid, faults.border, faults.veil].map(number),
    ]),
  ]);
}

/** Three digits or a dash; small differences are not what a score is for. */
function number(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return '–';
  if (value === 0) return '0';
  return Math.abs(value) < 0.001 ? value.toExponential(1) : Number(value.toPrecision(3)).toString();
}

const percent = (position: number | null) => (position === null ? '–' : position.toFixed(2));
