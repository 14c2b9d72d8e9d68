"use strict";
// The player of a page that vidkit made. Data: see renderers/html.py. No network, no libraries.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const SVG = "http://www.w3.org/2000/svg";
  const ASCENT = data.ascent, LAST = data.steps.length - 1, EVERY = 50;
  const GONE = 0.4, COMES = 0.45, LIFT = 70;
  const $ = (id) => document.getElementById(id);
  const still = window.matchMedia("(prefers-reduced-motion: reduce)");

  // shapes come as arrays: id, region, order, kind, x, y, w, h, fill, stroke, width, radius, dash, opacity,
  // points, head, text, font, size, full, stretched
  const F = { id: 0, region: 1, order: 2, kind: 3, x: 4, y: 5, w: 6, h: 7, fill: 8, stroke: 9, width: 10,
    radius: 11, dash: 12, opacity: 13, points: 14, head: 15, text: 16, font: 17, size: 18, full: 19, stretched: 20 };
  const get = (shape, name, usual) => { const v = shape[F[name]]; return v === undefined || v === null ? usual : v; };

  const keyframes = [new Map()];
  function stateAt(k) {
    let nearest = Math.min(Math.floor(k / EVERY), keyframes.length - 1);
    let state = new Map(keyframes[nearest]), from = nearest * EVERY;
    for (let step = from; step <= k; step++) {
      if (step % EVERY === 0 && step / EVERY === keyframes.length) keyframes.push(new Map(state));
      apply(state, data.steps[step]);
    }
    return state;
  }
  function apply(state, step) {
    for (const id of step.gone) state.delete(id);
    for (const index of step.now) { const shape = data.shapes[index]; state.set(shape[0], shape); }
  }

  const layers = {}, drawn = new Map();
  for (const svg of document.querySelectorAll("svg[data-region]")) layers[svg.dataset.region] = { svg, groups: new Map() };
  function layerOf(shape) {
    const region = layers[data.regions[shape[1]]], order = shape[2];
    if (!region.groups.has(order)) {
      const made = document.createElementNS(SVG, "g");
      made.dataset.order = order;
      const next = [...region.groups.keys()].filter((o) => o > order).sort((a, b) => a - b)[0];
      region.svg.insertBefore(made, next === undefined ? null : region.groups.get(next));
      region.groups.set(order, made);
    }
    return region.groups.get(order);
  }
  const n = (v) => Math.round(v * 100) / 100;
  function set(element, values) {
    const before = element.was || (element.was = {});
    for (const name in values) {
      if (before[name] !== values[name]) { before[name] = values[name]; element.setAttribute(name, values[name]); }
    }
  }
  function create(shape) {
    const kind = ["rect", "ellipse", "g", "text"][shape[3]];
    const element = document.createElementNS(SVG, kind);
    if (kind === "g") { element.append(document.createElementNS(SVG, "path"), document.createElementNS(SVG, "path")); }
    layerOf(shape).append(element);
    return element;
  }
  function paintOf(shape, values) {
    values.fill = get(shape, "fill", "") || "none";
    if (get(shape, "stroke", "")) {
      values.stroke = shape[F.stroke];
      values["stroke-width"] = n(get(shape, "width", 0));
      if (get(shape, "dash", 0)) values["stroke-dasharray"] = "5 4";
    } else values.stroke = "none";
    return values;
  }
  function draw(element, shape, opacity) {
    const x = shape[F.x], y = shape[F.y], w = shape[F.w], h = shape[F.h];
    opacity = n((opacity === undefined ? 1 : opacity) * get(shape, "opacity", 1));
    element.seen = [shape, opacity];
    if (shape[3] === 0) set(element, paintOf(shape, { x: n(x), y: n(y), width: n(w), height: n(h), rx: n(get(shape, "radius", 0)), opacity }));
    else if (shape[3] === 1) set(element, paintOf(shape, { cx: n(x + w / 2), cy: n(y + h / 2), rx: n(w / 2), ry: n(h / 2), opacity }));
    else if (shape[3] === 2) line(element, shape, opacity);
    else {
      const values = { x: n(x), y: n(y + ASCENT * shape[F.size]), "font-size": n(shape[F.size]), class: "f" + get(shape, "font", 0), fill: shape[F.fill], opacity };
      if (get(shape, "stretched", 0)) { values.textLength = n(w); values.lengthAdjust = "spacingAndGlyphs"; }
      set(element, values);
      if (element.text !== shape[F.text]) {
        element.text = shape[F.text];
        element.textContent = shape[F.text];
        if (get(shape, "full", "")) {
          const tip = document.createElementNS(SVG, "title");
          tip.textContent = shape[F.full];
          element.prepend(tip);
        }
      }
    }
  }
  function line(element, shape, opacity) {
    const points = shape[F.points].slice(), [shaft, head] = element.children;
    const width = get(shape, "width", 1), stroke = shape[F.stroke];
    if (get(shape, "head", 0)) {
      const a = points[points.length - 2], b = points[points.length - 1];
      const length = Math.hypot(b[0] - a[0], b[1] - a[1]) || 1, ux = (b[0] - a[0]) / length, uy = (b[1] - a[1]) / length;
      const reach = Math.min(9 + 1.5 * Math.max(0, width - 2), 0.8 * length), half = reach * 0.42;
      const fx = b[0] - ux * reach, fy = b[1] - uy * reach;
      points[points.length - 1] = [b[0] - ux * reach * 0.8, b[1] - uy * reach * 0.8];
      set(head, { d: `M${n(b[0])} ${n(b[1])}L${n(fx - uy * half)} ${n(fy + ux * half)}L${n(fx + uy * half)} ${n(fy - ux * half)}Z`, fill: stroke });
    }
    const rest = points.slice(1).map((p) => n(p[0]) + " " + n(p[1])).join(" ");
    const values = { d: `M${n(points[0][0])} ${n(points[0][1])}${points.length === 3 ? "Q" : "L"}${rest}`, fill: "none", stroke, "stroke-width": n(width), "stroke-linecap": "round" };
    if (get(shape, "dash", 0)) values["stroke-dasharray"] = "5 4";
    set(shaft, values);
    set(element, { opacity });
  }

  const mixed = new Map();
  function mix(a, b, way) {
    if (!a || !b || a === b) return b;
    const step = Math.round(way * 16), key = a + b + step;
    if (!mixed.has(key)) {
      let made = "#";
      for (const i of [1, 3, 5]) {
        const p = parseInt(a.slice(i, i + 2), 16), q = parseInt(b.slice(i, i + 2), 16);
        made += Math.round(p + ((q - p) * step) / 16).toString(16).padStart(2, "0");
      }
      mixed.set(key, made);
    }
    return mixed.get(key);
  }
  function blend(a, b, way) {
    const made = b.slice();
    for (const f of [F.x, F.y, F.w, F.h, F.size, F.width]) if (b[f] != null) made[f] = (a[f] ?? 0) + (b[f] - (a[f] ?? 0)) * way;
    made[F.fill] = mix(a[F.fill], b[F.fill], way);
    made[F.stroke] = mix(a[F.stroke], b[F.stroke], way);
    const p = a[F.points], q = b[F.points];
    if (p && q && p.length === q.length) made[F.points] = q.map((point, i) => [p[i][0] + (point[0] - p[i][0]) * way, p[i][1] + (point[1] - p[i][1]) * way]);
    return made;
  }
  function arched(a, b, way) {
    const made = blend(a, b, way), far = b[F.x] - a[F.x];
    const lift = Math.min(LIFT, 16 + Math.abs(far) * 0.25) * Math.sin(Math.PI * way);
    if (Math.abs(far) < 1) made[F.x] += b[F.y] > a[F.y] ? lift : -lift;
    else made[F.y] -= far > 0 ? lift : -lift;
    return made;
  }

  // how a style wants parts to move: pulse, glow, shake, fade, morph
  const GLOW = 1, FADE = 3, drawPlain = draw;
  const EASED = [(s) => s * s * (3 - 2 * s), (s) => s, (s) => s * s, (s) => s * (2 - s)];
  function affected(element, shape, opacity, effect, share) {
    const [, variant, , cx, cy] = effect, swell = Math.sin(Math.PI * share), made = shape.slice();
    const moved = (f) => { if (made[F.points]) made[F.points] = made[F.points].map(f); };
    if (variant === 0) {
      const scale = 1 + 0.12 * swell;
      for (const [at, size, c] of [[F.x, F.w, cx], [F.y, F.h, cy]]) { made[at] = c + (made[at] - c) * scale; made[size] *= scale; }
      if (made[F.size]) made[F.size] *= scale;
      moved(([x, y]) => [cx + (x - cx) * scale, cy + (y - cy) * scale]);
    } else if (variant === 2) {
      const off = 5 * Math.sin(6 * Math.PI * share) * (1 - share);
      made[F.x] += off;
      moved(([x, y]) => [x + off, y]);
    }
    if (variant === GLOW && shape[3] !== 3) {
      const colour = get(shape, "stroke", "") || get(shape, "fill", "#888888");
      element.style.filter = share < 1 ? `drop-shadow(0 0 ${n(9 * swell)}px ${colour})` : "";
    }
    draw(element, made, opacity);
  }

  // who draws the same shapes elsewhere is told whenever they change
  const listeners = [];
  const told = () => { for (const listener of listeners) listener(); };

  let step = 0, now = new Map(), playing = false, speed = 1, way = null, timer = 0;
  function show(target) {
    for (const [id, element] of drawn) if (!target.has(id)) { element.remove(); drawn.delete(id); }
    for (const [id, shape] of target) {
      let element = drawn.get(id);
      if (element && element.kind !== shape[3]) { element.remove(); element = null; }
      if (!element) { element = create(shape); element.kind = shape[3]; drawn.set(id, element); }
      if (element.shape !== shape || element.moved) { draw(element, shape); element.style.filter = ""; element.shape = shape; element.moved = false; }
    }
    now = target;
    told();
  }
  function begin(k, forward) {
    const target = stateAt(k), moves = new Map(forward ? data.steps[k].moves : data.steps[step].moves.map(([a, b]) => [b, a]));
    const leaving = new Set(moves.values()), changing = [], going = [];
    const effects = new Map(forward && k > step ? data.steps[k].effects.map((e) => [e[0], e]) : []);
    for (const [id, shape] of target) if (now.get(id) !== shape || moves.has(id) || effects.has(id)) changing.push([id, shape]);
    for (const [id, shape] of now) if (!target.has(id)) going.push([id, shape]);
    return { target, moves, effects, leaving, changing, going, old: now };
  }
  function frame(t, share) {
    const usual = EASED[0](share), appeared = (share - COMES) / (1 - COMES);
    for (const [id, shape] of t.going) { const e = drawn.get(id); if (e) { draw(e, shape, Math.max(0, 1 - share / GONE)); e.moved = true; } }
    for (const [id, shape] of t.changing) {
      const source = t.moves.get(id), old = t.old.get(id), effect = t.effects.get(id);
      const eased = effect ? EASED[effect[2]](share) : usual;
      const draw = (element, shape, opacity) => effect ? affected(element, shape, opacity, effect, share) : drawPlain(element, shape, opacity);
      let element = drawn.get(id);
      if (!element || element.kind !== shape[3]) { if (element) element.remove(); element = create(shape); element.kind = shape[3]; drawn.set(id, element); }
      element.moved = true;
      if (source !== undefined && t.old.has(source)) draw(element, arched(t.old.get(source), shape, eased));
      else if (effect && effect[1] === FADE && old) {
        if (old === shape) draw(element, shape, 1 - 0.65 * Math.sin(Math.PI * eased));
        else if (share < 0.5) draw(element, old, 1 - 2 * EASED[effect[2]](share));
        else draw(element, shape, Math.max(0, 2 * EASED[effect[2]](share) - 1));
      }
      else if (!old) draw(element, shape, Math.max(0, appeared));
      else if (shape[3] === 3 && old[F.text] !== shape[F.text]) {
        if (t.leaving.has(id)) draw(element, shape, 0);
        else if (share < GONE) draw(element, old, 1 - share / GONE);
        else draw(element, shape, Math.max(0, appeared));
      } else draw(element, blend(old, shape, eased));
    }
    told();
  }
  function finish() {
    if (!way) return;
    cancelAnimationFrame(way.request);
    show(way.target);
    way = null;
  }
  function arrive(k, spoken) {
    step = k;
    $("scrub").value = k;
    $("scrub").setAttribute("aria-valuetext", `step ${k} of ${LAST}`);
    $("count").textContent = `${k} / ${LAST}`;
    $("words").textContent = data.steps[k].comment;
    $("notes").textContent = data.steps[k].notes.join(" · ");
    if (spoken) $("spoken").textContent = data.steps[k].text;
    for (const id of ["first", "back"]) $(id).disabled = k === 0;
    for (const id of ["next", "last"]) $(id).disabled = k === LAST;
    history.replaceState(null, "", k ? `#step=${k}` : location.pathname + location.search);
  }
  function seek(k) {
    k = Math.max(0, Math.min(LAST, Math.round(k) || 0));
    stop();
    finish();
    show(stateAt(k));
    arrive(k, true);
  }
  function go(k, done) {
    finish();
    if (k < 0 || k > LAST) return;
    const t = begin(k, k > step), time = (data.steps[Math.max(k, step)].moves_ms || 300) / speed;
    arrive(k, !playing);
    if (still.matches || time < 20) { show(t.target); if (done) done(); return; }
    way = t;
    let start = 0;
    const tick = (at) => {
      start = start || at;
      const share = (at - start) / time;
      if (share >= 1) { finish(); if (done) done(); return; }
      frame(t, share);
      t.request = requestAnimationFrame(tick);
    };
    t.request = requestAnimationFrame(tick);
  }
  function stop() {
    playing = false;
    clearTimeout(timer);
    $("play").dataset.on = "";
    $("play").setAttribute("aria-label", "Play");
  }
  function play() {
    if (playing) { stop(); return; }
    if (step === LAST) seek(0);
    playing = true;
    $("play").dataset.on = "1";
    $("play").setAttribute("aria-label", "Pause");
    const on = () => {
      if (!playing) return;
      if (step === LAST) { stop(); $("spoken").textContent = data.steps[step].text; return; }
      go(step + 1, () => { if (playing) timer = setTimeout(on, data.steps[step].stands_ms / speed); });
    };
    on();
  }
  function move(by) { stop(); go(step + by); }
  function hurry(by) {
    const choice = $("speed"), at = Math.max(0, Math.min(choice.options.length - 1, choice.selectedIndex + by));
    choice.selectedIndex = at;
    speed = Number(choice.value);
  }

  $("scrub").max = LAST;
  $("scrub").addEventListener("input", (event) => seek(Number(event.target.value)));
  $("play").addEventListener("click", play);
  $("back").addEventListener("click", () => move(-1));
  $("next").addEventListener("click", () => move(1));
  $("first").addEventListener("click", () => seek(0));
  $("last").addEventListener("click", () => seek(LAST));
  $("speed").addEventListener("change", () => hurry(0));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.tagName === "SELECT") return;
    const keys = { " ": play, ArrowLeft: () => move(-1), ArrowRight: () => move(1), Home: () => seek(0), End: () => seek(LAST),
      "+": () => hurry(1), "=": () => hurry(1), "-": () => hurry(-1) };
    if (event.target.tagName === "BUTTON" && (event.key === " " || event.key === "Enter")) return;
    if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
  });
  let touched = null;
  $("stage").addEventListener("pointerdown", (event) => { touched = event.pointerType === "mouse" ? null : [event.clientX, event.clientY]; });
  $("stage").addEventListener("pointerup", (event) => {
    if (!touched) return;
    const dx = event.clientX - touched[0], dy = event.clientY - touched[1];
    touched = null;
    if (Math.abs(dx) > 40 && Math.abs(dx) > 2 * Math.abs(dy)) move(dx < 0 ? 1 : -1);
    else if (Math.hypot(dx, dy) < 8) play();
  });
  window.addEventListener("hashchange", () => { const k = hash(); if (k !== step) seek(k); });
  function hash() { const found = /[#&]step=(\d+)/.exec(location.hash); return found ? Number(found[1]) : 0; }

  const ticks = $("ticks"), marks = document.createElementNS(SVG, "path");
  const kept = data.steps.map((s, k) => [s.values, k]).filter(([values]) => values).map(([, k]) => k);
  const every = Math.max(1, Math.ceil(kept.length / 600));
  marks.setAttribute("d", kept.filter((_, i) => i % every === 0).map((k) => `M${n((k / Math.max(1, LAST)) * 1000)} 0V6`).join(""));
  ticks.append(marks);

  window.vidkitPlayer = {
    seek, play, stop, steps: LAST + 1,
    step: () => step,
    data, fields: F,
    shown: () => [...drawn.values()].map((element) => element.seen),
    listen: (listener) => listeners.push(listener),
    forward: () => move(1),
    back: () => move(-1),
    state: (k) => [...stateAt(k === undefined ? step : k).values()].map((s) => ({ id: data.ids[s[0]], x: s[4], y: s[5], w: s[6], h: s[7], text: get(s, "text", "") })),
    // milliseconds of script for a frame of the way from step k to the next, the median of some
    measure: (k, count) => {
      seek(k);
      const t = begin(k + 1, true), times = [];
      for (let i = 0; i < count; i++) { const from = performance.now(); frame(t, (i + 0.5) / count); times.push(performance.now() - from); }
      seek(k);
      return { elements: drawn.size, changing: t.changing.length + t.going.length, ms: times.sort((a, b) => a - b)[count >> 1], worst: times[count - 1] };
    },
  };
  seek(hash());
  document.documentElement.dataset.ready = "1";
})();
