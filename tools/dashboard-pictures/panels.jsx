// Draws each kind of panel. Stats and lines are Grafana's own components; states over time, heat maps and tables are in
// no library of Grafana's, and drawn here after the options that the dashboards set.
import { BigValue, TimeSeries } from '@grafana/ui';
import { dateTime } from '@grafana/data';

const NARROWEST_WORD = 7;
const AXIS = 18;

export function Drawn({ panel, frames, width, height, scene, theme }) {
  const Kind = { stat: Stat, timeseries: Lines, 'state-timeline': Timeline, heatmap: Heat, table: Table }[panel.type];
  const known = frames.some((frame) => last(frame) !== undefined);
  if (!known && panel.type !== 'stat') {
    return <div style={{ textAlign: 'center', paddingTop: height / 2 - 10 }}>{panel.fieldConfig.defaults.noValue}</div>;
  }
  return <Kind {...{ panel, frames, width, height, scene, theme }} />;
}

const last = (frame) => frame.fields[1].values.findLast((value) => value !== null);

function Stat({ panel, frames, width, height, theme }) {
  const { colorMode, graphMode, textMode, justifyMode } = panel.options;
  const none = { text: panel.fieldConfig.defaults.noValue, numeric: NaN, color: theme.visualization.getColorByName('#808080') };
  const values = frames.length ? frames.map((frame) => ({ frame, value: shown(frame) })) : [{ value: none }];
  const each = (width - 4 * (values.length - 1)) / values.length;
  return (
    <div style={{ display: 'flex', gap: 4 }}>
      {values.map(({ frame, value }, index) => (
        <BigValue
          key={index}
          {...{ value, colorMode, graphMode, textMode: named(textMode, values), justifyMode, theme, height, width: each }}
          sparkline={frame && graphMode === 'area' ? { x: frame.fields[0], y: frame.fields[1] } : undefined}
        />
      ))}
    </div>
  );
}

const named = (mode, values) => (mode === 'auto' && values.length === 1 ? 'value' : mode);

function shown(frame) {
  const field = frame.fields[1];
  return { ...field.display(last(frame)), title: field.state.displayName };
}

function Lines({ panel, frames, width, height, scene }) {
  const range = { from: dateTime(1000 * scene.from), to: dateTime(1000 * scene.to), raw: { from: 'now', to: 'now' } };
  return (
    <TimeSeries {...{ frames, width, height }} timeRange={range} timeZone="utc" legend={panel.options.legend} options={{}} />
  );
}

function Timeline({ frames, width, height, scene, theme }) {
  const left = Math.min(320, 8 + 6.3 * Math.max(...frames.map((frame) => frame.fields[1].state.displayName.length)));
  const row = (height - AXIS) / frames.length;
  const x = scale(scene, left, width);
  return (
    <svg width={width} height={height} style={{ fontSize: 11 }}>
      {frames.map((frame, index) => (
        <g key={index} transform={`translate(0 ${index * row})`}>
          <text x={left - 6} y={row / 2 + 4} textAnchor="end" fill={theme.colors.text.secondary}>
            {frame.fields[1].state.displayName}
          </text>
          {runs(frame, scene).map(({ from, to, value }) => (
            <State key={from} {...{ x: x(from), width: x(to) - x(from), row, theme, ...frame.fields[1].display(value) }} />
          ))}
        </g>
      ))}
      <TimeAxis {...{ scene, x, y: height - 4, theme }} />
    </svg>
  );
}

function State({ x, width, row, color, text, theme }) {
  return (
    <g>
      <rect x={x} y={row * 0.07} width={width} height={row * 0.85} fill={color} fillOpacity={0.75} />
      {text.length * NARROWEST_WORD < width && row > 10 && (
        <text x={x + 5} y={row / 2 + 4} fill={theme.colors.getContrastText(color, 0.5)}>
          {text}
        </text>
      )}
    </g>
  );
}

// Equal neighbours are one; a gap is none.
function runs(frame, scene) {
  const [times, values] = frame.fields.map((field) => field.values);
  const found = [];
  times.forEach((time, index) => {
    const [from, to, value, before] = [time / 1000, Math.min(time / 1000 + scene.step, scene.to), values[index], found.at(-1)];
    if (value !== null && before?.value === value && before.to === from) {
      before.to = to;
    } else if (value !== null) {
      found.push({ from, to, value });
    }
  });
  return found;
}

function Heat({ frames, width, height, scene, theme }) {
  const bound = (frame) => Number(frame.fields[1].labels.le.replace('+Inf', 'Infinity'));
  const sorted = [...frames].sort((one, other) => bound(one) - bound(other));
  const counts = sorted.map((frame, index) =>
    frame.fields[1].values.map((value, at) => value - (index ? sorted[index - 1].fields[1].values[at] : 0))
  );
  const most = Math.max(...counts.flat());
  const [left, row] = [52, (height - AXIS) / sorted.length];
  const x = scale(scene, left, width);
  const y = (index) => height - AXIS - (index + 1) * row;
  return (
    <svg width={width} height={height} style={{ fontSize: 10 }}>
      {counts.map((each, index) => (
        <g key={index}>
          <text x={left - 6} y={y(index) + row / 2 + 3} textAnchor="end" fill={theme.colors.text.secondary}>
            {sorted[index].fields[1].labels.le === '+Inf' ? '+Inf' : spoken(sorted[index], bound(sorted[index]))}
          </text>
          {each.map((count, at) => {
            const from = scene.from + at * scene.step;
            const cell = { x: x(from), y: y(index), width: Math.max(x(from + scene.step) - x(from) - 1, 1), height: row - 1 };
            return count > 1e-9 && <rect key={at} {...cell} fill="#ff9830" fillOpacity={0.15 + 0.85 * Math.sqrt(count / most)} />;
          })}
        </g>
      ))}
      <TimeAxis {...{ scene, x, y: height - 4, theme }} />
    </svg>
  );
}

function spoken(frame, value) {
  const { text, suffix } = frame.fields[1].display(value);
  return `${text}${suffix ?? ''}`;
}

function Table({ panel, frames, theme }) {
  const names = panel.transformations[0].options.include.names;
  const cell = { padding: '4px 8px', borderBottom: `1px solid ${theme.colors.border.weak}`, textAlign: 'left' };
  return (
    <table style={{ width: '100%', fontSize: 12 }}>
      <thead>
        <tr>{names.map((name) => <th key={name} style={cell}>{name}</th>)}</tr>
      </thead>
      <tbody>
        {frames.map((frame, index) => (
          <tr key={index}>{names.map((name) => <td key={name} style={cell}>{frame.fields[1].labels[name]}</td>)}</tr>
        ))}
      </tbody>
    </table>
  );
}

const scale = (scene, left, width) => (at) => left + ((width - left) * (at - scene.from)) / (scene.to - scene.from);

function TimeAxis({ scene, x, y, theme }) {
  const minutes = [1, 2, 5, 10, 15, 30, 60, 120].find((each) => (scene.to - scene.from) / 60 / each <= 8);
  const first = Math.ceil(scene.from / 60 / minutes) * 60 * minutes;
  const ticks = Array.from({ length: 10 }, (_, number) => first + number * 60 * minutes).filter((at) => at < scene.to - 30);
  return ticks.map((at) => (
    <text key={at} x={x(at)} y={y} textAnchor="middle" fontSize={10} fill={theme.colors.text.secondary}>
      {dateTime(1000 * at).utc().format('HH:mm')}
    </text>
  ));
}
