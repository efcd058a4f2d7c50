// Numbers as people read them.

/** Three digits: 0.0123, 123, 1.23e6. */
export function formatLoss(value: number): string {
  return value === 0 ? '0' : value.toPrecision(3).replace('e+', 'e');
}

export function formatSize(width: number, height: number): string {
  return `${width}×${height}`;
}

/** 9.1 s below a minute, then 1:05 or 1:01:05. */
export function formatTime(seconds: number): string {
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  return formatClock(seconds);
}

/** 0:09, 1:05, 1:01:05. */
export function formatClock(seconds: number): string {
  const whole = Math.round(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n: number) => String(n).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** The sum of a loss's layers. */
export function sumOf(losses: Record<string, number>): number {
  return Object.values(losses).reduce((a, b) => a + b, 0);
}
