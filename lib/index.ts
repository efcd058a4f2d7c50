// The public API.

export { type Devices, devices, type Gpu } from './engine/devices.js';
export { Engine, type EngineOptions } from './engine/engine.js';
export * from './errors.js';
export { Picture, type SaveOptions } from './image/picture.js';
export type { ImageSource, RawImage } from './image/types.js';
export { type InspectedLayer, type Inspection, inspect } from './inspect/inspect.js';
export type { InspectOptions } from './inspect/options.js';
export type { ByScale, LayerWeights, Precision, StylizeOptions } from './options/options.js';
export type { RecognizeOptions } from './recognize/options.js';
export type { Recognition, RecognizedClass } from './recognize/recognition.js';
export { recognize } from './recognize/recognize.js';
export type { Box, Heat } from './recognize/where.js';
export { DivergedError } from './run/diverged.js';
export { type Estimate, estimate, type MemoryBytes } from './run/estimate.js';
export type { Progress } from './run/progress.js';
export type { ResumeOptions } from './run/resume.js';
export { Run, type RunOptions } from './run/run.js';
export type { Stage } from './run/schedule.js';
export type { RunState } from './run/state.js';
export { resume, type Stylization, stylize } from './run/stylize.js';
export type { ScoreOptions } from './score/options.js';
export { type Scores, score } from './score/score.js';
export type { Faults, Measure, Score } from './score/types.js';
export { type PullOptions, type PullProgress, pullWeights } from './weights/pull.js';
