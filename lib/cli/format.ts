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

/** Every loss, its layers together: `content 1.2e6`, `moments 340` …, of those named `content:relu4_2`, `moments` … */
export function formatLosses(losses: Record<string, number>): string[] {
  const sums = new Map<string, number>();
  for (const [name, loss] of Object.entries(losses)) {
    const [group = name] = name.split(':', 1);
    sums.set(group, (sums.get(group) ?? 0) + loss);
  }
  return [...sums].map(([group, sum]) => `${group} ${formatLoss(sum)}`);
}
