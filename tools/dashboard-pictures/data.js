// Asks Prometheus what a panel asks, and gives frames as Grafana's libraries take them.
import { FieldType, getDisplayProcessor, toDataFrame } from '@grafana/data';

const asNumber = (value) => (value === 'NaN' ? null : Number(value));

export function filled(text, scene) {
  return text.replace(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced, bare) => scene.variables[braced ?? bare]);
}

export async function ask(panel, scene, theme) {
  const answers = await Promise.all(panel.targets.map((target) => answer(target, scene)));
  return answers.flat().map((series, index) => frame(series, index, panel, theme));
}

async function answer(target, { prometheus, from, to, step, ...scene }) {
  const query = new URLSearchParams({ query: filled(target.expr, scene) });
  const span = target.instant ? { time: to } : { start: from, end: to, step };
  Object.entries(span).forEach(([name, value]) => query.set(name, value));
  const reply = await fetch(`${prometheus}/api/v1/${target.instant ? 'query' : 'query_range'}?${query}`);
  const { data, error } = await reply.json();
  if (error) {
    throw new Error(`${target.expr}: ${error}`);
  }
  return data.result.map((result) => ({
    labels: result.metric,
    name: target.legendFormat?.replace(/\{\{(\w+)\}\}/g, (_, label) => result.metric[label] ?? ''),
    points: target.instant ? [result.value] : everyStep(result.values, from, to, step),
  }));
}

// A step without a value is a gap, and not bridged.
function everyStep(values, from, to, step) {
  const known = new Map(values.map(([at, value]) => [Math.round(at), value]));
  const steps = Math.floor((to - from) / step) + 1;
  return Array.from({ length: steps }, (_, number) => {
    const at = Math.round(from + number * step);
    return [at, known.get(at) ?? 'NaN'];
  });
}

function frame({ labels, name, points }, seriesIndex, panel, theme) {
  const config = structuredClone(panel.fieldConfig.defaults);
  for (const { matcher, properties } of panel.fieldConfig.overrides ?? []) {
    if (matcher.options === name) {
      properties.forEach(({ id, value }) => (config[id] = value));
    }
  }
  config.displayNameFromDS = name || undefined;
  const made = toDataFrame({
    fields: [
      { name: 'Time', type: FieldType.time, values: points.map(([at]) => 1000 * at), config: {} },
      { name: 'Value', type: FieldType.number, values: points.map(([, value]) => asNumber(value)), labels, config },
    ],
  });
  const [time, field] = made.fields;
  const known = points.map(([, value]) => asNumber(value)).filter((value) => value !== null);
  const [min, max] = [config.min ?? Math.min(...known), config.max ?? Math.max(...known)];
  field.state = { seriesIndex, displayName: name, range: { min, max, delta: max - min } };
  field.display = getDisplayProcessor({ field, theme });
  time.display = getDisplayProcessor({ field: time, theme });
  return made;
}
