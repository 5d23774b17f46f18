'use strict';
(function () {
  const report = JSON.parse(document.getElementById('data').textContent);
  const get = (id) => document.getElementById(id);
  const rowHeight = 24, numbers = 46, around = 15;

  function element(tag, className, text) {
    const e = document.createElement(tag);
    if (className) e.className = className;
    if (text !== undefined) e.textContent = text;
    return e;
  }

  // A run is one execution with what is drawn of it. Its rows are virtual: only those in sight are elements.
  function makeRun(data, verdict, title, about, id) {
    const run = {data, verdict, id, rows: data.rows || [], threads: data.threads || [], fields: data.fields || [], byStep: [], drawn: new Map(), at: -1};
    let state = null;
    run.rows.forEach((row, i) => {
      if (row.step) run.byStep[row.step] = i;
      state = row.state || state;
      row.seen = state;
    });
    run.steps = Math.max(0, run.byStep.length - 1);
    run.box = element('section', 'run ' + verdict);
    const head = element('h2');
    head.append(element('b', '', title), element('small', '', about));
    run.scroll = element('div', 'scroll');
    run.scroll.tabIndex = 0;
    run.scroll.setAttribute('role', 'listbox');
    run.scroll.setAttribute('aria-label', title + ': steps, one lane for each thread');
    run.heads = element('div', 'heads');
    run.body = element('div', 'rows');
    run.body.setAttribute('role', 'presentation');
    run.scroll.append(run.heads, run.body);
    run.box.append(head, run.scroll);
    run.scroll.addEventListener('scroll', () => draw(run), {passive: true});
    return run;
  }

  function layOut(run) {
    const n = Math.max(1, run.threads.length), width = Math.max(240, run.scroll.clientWidth);
    const fits = (width - numbers - 250) / Math.max(1, n - 1);
    run.lane = n === 1 ? 0 : Math.max(n > 12 ? 22 : 40, Math.min(230, fits));
    const total = Math.max(width - 2, numbers + (n - 1) * run.lane + 420);
    run.heads.textContent = '';
    run.heads.className = run.lane < 60 && n > 1 ? 'heads narrow' : 'heads';
    run.body.textContent = '';
    run.drawn.clear();
    const letters = run.heads.className === 'heads' ? Math.floor((run.lane - 6) / 7.6) : 10;
    const short = (name) => n > 1 && name.includes('/') && name.length > letters ? '\u2026' + name.slice(1 - letters) : name; // the end tells them apart
    run.threads.forEach((name, i) => {
      const x = numbers + i * run.lane, head = element('span', '', short(name)), lane = element('div', 'lane');
      head.style.left = x + 'px';
      if (run.lane && i + 1 < n) head.style.maxWidth = Math.max(18, run.lane - 6) + 'px';
      head.title = name;
      lane.style.left = (x + 4) + 'px';
      run.heads.append(head);
      run.body.append(lane);
    });
    if (run === failing) (report.windows || []).forEach((w) => drawWindow(run, w));
    run.heads.style.width = run.body.style.width = total + 'px';
    run.body.style.height = (run.rows.length * rowHeight + 8) + 'px';
    run.scroll.style.maxHeight = (run.rows.length * rowHeight + 8 + (run.lane < 60 && n > 1 ? 88 : 26) + 18) + 'px';
    draw(run);
  }

  // The stretch that would have to be atomic, on the lane of its thread.
  function drawWindow(run, w) {
    const thread = run.threads.indexOf(w.thread);
    const last = run.rows.findLastIndex((row) => row.thread === thread && row.step && row.text === w.to);
    let first = last;
    while (first >= 0 && !(run.rows[first].thread === thread && run.rows[first].step && run.rows[first].text === w.from)) first--;
    if (first < 0) return;
    const span = element('div', 'window-span');
    span.title = 'window: ' + w.from + ' .. ' + w.to;
    span.style.left = (numbers + thread * run.lane + 1) + 'px';
    span.style.top = (first * rowHeight + 12) + 'px';
    span.style.height = Math.max(6, (last - first) * rowHeight) + 'px';
    run.body.append(span);
  }

  function draw(run) {
    const top = run.scroll.scrollTop, from = Math.max(0, Math.floor(top / rowHeight) - around);
    const to = Math.min(run.rows.length, Math.ceil((top + run.scroll.clientHeight) / rowHeight) + around);
    for (const [i, e] of run.drawn) {
      if (i < from || i >= to) {
        e.remove();
        run.drawn.delete(i);
      }
    }
    for (let i = from; i < to; i++) {
      if (!run.drawn.has(i)) {
        const e = drawRow(run, i);
        run.drawn.set(i, e);
        run.body.append(e);
      }
    }
  }

  function drawRow(run, i) {
    const row = run.rows[i], e = element('div', 'row ' + row.kind);
    e.style.top = i * rowHeight + 'px';
    e.id = run.id + '-' + i;
    const lane = numbers + Math.max(0, row.thread) * run.lane;
    const what = element('span', 'what', row.text);
    what.style.left = lane + 'px';
    if (row.step) {
      e.setAttribute('role', 'option');
      e.setAttribute('aria-posinset', row.step);
      e.setAttribute('aria-setsize', run.steps);
      e.append(element('span', 'no', row.step));
      e.dataset.step = row.step;
    } else {
      e.setAttribute('role', 'presentation');
    }
    if (!row.step && row.to >= 0 && row.thread >= 0) {
      const a = numbers + 4 + row.thread * run.lane, b = numbers + 4 + row.to * run.lane, arrow = element('span', 'arrow');
      arrow.style.left = Math.min(a, b) + 'px';
      arrow.style.width = Math.abs(a - b) + 'px';
      what.style.left = Math.min(lane, numbers + row.to * run.lane) + 14 + 'px';
      what.style.background = 'var(--page)';
      what.style.padding = '0 4px';
      e.append(arrow);
    }
    const seen = beliefs(run, row);
    if (seen) what.append(element('span', 'sees', 'sees ' + seen));
    e.append(what);
    if (i === run.at) e.setAttribute('aria-selected', 'true');
    if (twin && row.step && row.step === twin.data.differs) e.classList.add('differs');
    return e;
  }

  function beliefs(run, row) {
    return (row.learned || []).filter((f) => row.state && f < run.fields.length).map((f) => run.fields[f] + ' ' + row.state[f]).join(', ');
  }

  function select(run, step, follow) {
    const i = run.byStep[Math.max(1, Math.min(step, run.steps))];
    if (i === undefined) return;
    const old = run.drawn.get(run.at);
    if (old) old.removeAttribute('aria-selected');
    run.at = i;
    if (follow) {
      const top = i * rowHeight, height = run.scroll.clientHeight - run.heads.offsetHeight;
      if (top < run.scroll.scrollTop + 2 * rowHeight) run.scroll.scrollTop = Math.max(0, top - 3 * rowHeight);
      else if (top > run.scroll.scrollTop + height - 3 * rowHeight) run.scroll.scrollTop = top - height + 5 * rowHeight;
      const x = numbers + Math.max(0, run.rows[i].thread) * run.lane;
      if (x < run.scroll.scrollLeft + numbers || x > run.scroll.scrollLeft + run.scroll.clientWidth - 240) {
        run.scroll.scrollLeft = Math.max(0, x - run.scroll.clientWidth / 2);
      }
    }
    draw(run);
    const now = run.drawn.get(i);
    if (now) {
      now.setAttribute('aria-selected', 'true');
      run.scroll.setAttribute('aria-activedescendant', now.id);
    }
  }

  // The state at a step: what the row saw, or, where nobody looked, what was seen last.
  function drawState(run, box) {
    box.textContent = '';
    const row = run.rows[run.at];
    if (!row || !run.fields.length || !row.seen) {
      box.hidden = true;
      return;
    }
    box.hidden = false;
    const before = run.at > 0 ? run.rows[run.at - 1].seen : row.seen;
    const title = element('h2', '', run.title + ', step ' + row.step);
    const boxes = element('div', 'boxes');
    const changed = (f) => before && before[f] !== row.seen[f];
    const value = (f) => row.seen[f] || '';
    const index = (name) => run.fields.indexOf(name);
    const known = ['persisted', 'visible', 'tail', 'file'];
    const metadata = element('div', 'box wide');
    metadata.append(element('h3', '', 'Metadata'));
    known.slice(0, 2).forEach((name) => {
      const f = index(name);
      if (f >= 0) metadata.append(element('div', 'value' + (changed(f) ? ' changed' : ''), name + ' ' + value(f)));
    });
    if (metadata.children.length > 1) boxes.append(metadata);
    [['tail', 'In memory (tail)'], ['file', 'On disk (file)']].forEach(([name, heading]) => {
      const f = index(name);
      if (f >= 0) boxes.append(records(heading, value(f), before ? before[f] : '', changed(f)));
    });
    run.fields.forEach((name, f) => {
      if (known.includes(name)) return;
      const other = element('div', 'box wide');
      other.append(element('h3', '', name), element('div', 'value' + (changed(f) ? ' changed' : ''), value(f)));
      boxes.append(other);
    });
    const believed = believedAt(run);
    if (believed.length) {
      const readers = element('div', 'box wide beliefs');
      readers.tabIndex = believed.length > 6 ? 0 : -1;
      readers.append(element('h3', '', 'What readers believe'));
      believed.forEach((b) => {
        const stale = b.parts.some((p) => row.seen[p.field] !== p.value);
        const text = b.thread + ': ' + b.parts.map((p) => run.fields[p.field] + ' ' + p.value).join(', ') + ' (step ' + b.step + ')';
        readers.append(element('div', 'belief' + (stale ? ' stale' : ''), stale ? text + ' - no longer so' : text));
      });
      boxes.append(readers);
    }
    box.append(title, boxes);
  }

  function records(heading, now, before, changed) {
    const box = element('div', 'box');
    box.append(element('h3', '', heading));
    if (now === '(empty)' || now === '') {
      box.append(element('span', 'empty' + (changed ? ' changed' : ''), changed ? 'empty now' : 'empty'));
      return box;
    }
    const old = new Set(before.split(' '));
    now.split(' ').forEach((word) => {
      const pending = word.startsWith('(');
      const chip = element('span', 'chip' + (pending ? ' pending' : '') + (old.has(word) ? '' : ' changed'), word.replace(/[()]/g, ''));
      if (pending) chip.title = 'written, not published';
      box.append(chip);
    });
    return box;
  }

  // What each thread has read in the operation that it is in.
  function believedAt(run) {
    const found = new Map(), over = new Set();
    for (let i = run.at; i >= 0; i--) {
      const row = run.rows[i];
      if (row.thread < 0 || !row.step || over.has(row.thread)) continue;
      (row.learned || []).forEach((f) => {
        if (!row.state) return;
        const b = found.get(row.thread) || {thread: run.threads[row.thread], step: row.step, parts: []};
        if (!b.parts.some((p) => p.field === f)) b.parts.push({field: f, value: row.state[f]});
        found.set(row.thread, b);
      });
      if (row.kind === 'begin') over.add(row.thread);
    }
    const now = run.rows[run.at].step;
    const runs = (thread) => (run.data.history || []).some((h) => h.thread === thread && h.from <= now && (!h.to || now <= h.to));
    return [...found].filter(([thread]) => runs(thread)).map(([, b]) => b);
  }

  function drawSource(row) {
    const box = get('source'), name = get('source-name');
    box.textContent = '';
    if (!row || !row.line) {
      name.textContent = 'Source';
      box.append(element('span', 'empty', 'This step is at no failpoint.'));
      return;
    }
    name.textContent = row.file.slice(row.file.lastIndexOf('/') + 1) + ':' + row.line;
    const source = (report.sources || []).find((s) => s.file === row.file && row.line >= s.from && row.line < s.from + s.lines.length);
    if (!source) {
      box.append(element('span', 'empty', 'The source was not at hand when this was written: ' + row.file));
      return;
    }
    source.lines.forEach((text, k) => {
      const n = source.from + k;
      if (Math.abs(n - row.line) > 7) return;
      const line = element('div', n === row.line ? 'here' : '');
      line.append(element('i', '', n), text);
      box.append(line);
    });
  }

  const failing = makeRun(report.run, report.verdict === 'held' ? 'passes' : 'fails', report.verdict === 'held' ? 'Passes' : 'Fails', report.detail, 'a');
  failing.title = report.verdict === 'held' ? 'This run' : 'Failing run';
  let twin = null;
  if (report.passing) {
    twin = makeRun(report.passing, 'passes', 'Passes', report.passing.change, 'b');
    twin.title = 'Passing run';
  }
  const runs = twin ? [failing, twin] : [failing];
  const steps = Math.max(1, ...runs.map((r) => r.steps));
  let step = 1;

  function go(to, follow) {
    step = Math.max(1, Math.min(steps, to));
    runs.forEach((run, i) => {
      select(run, step, follow !== false);
      drawState(run, get('states').children[i]);
    });
    const row = failing.rows[failing.at];
    drawSource(row);
    get('step').value = step;
    get('where').textContent = step + ' of ' + steps;
    const parts = [];
    if (row) {
      parts.push('step ' + step + ': ' + (row.thread >= 0 ? failing.threads[row.thread] + ' ' : '') + row.text);
      const seen = beliefs(failing, row);
      if (seen) parts.push('sees ' + seen);
      const after = failing.rows[failing.at + 1];
      if (after && !after.step) parts.push(after.text);
      if (twin && step === twin.data.differs) parts.push('first difference to the run that passes');
    }
    get('step').setAttribute('aria-valuetext', parts.join('; '));
    get('spoken').textContent = parts.join('; ');
    drawHistory();
  }

  function nextSwitch() {
    for (let i = failing.at + 1; i < failing.rows.length; i++) {
      if (!failing.rows[i].step) {
        let j = i - 1;
        while (j >= 0 && !failing.rows[j].step) j--;
        if (j > failing.at) return go(failing.rows[j].step);
      }
    }
    go(failing.steps);
  }

  // The history: a canvas, because a long run has thousands of operations.
  const view = {from: 1, to: steps + 1};
  const intervals = report.run.history || [];

  function drawHistory() {
    if (!intervals.length) return;
    const canvas = get('history'), ratio = window.devicePixelRatio || 1, width = canvas.clientWidth;
    const names = width < 500 ? 60 : 110, n = failing.threads.length, line = n > 20 ? 12 : 24, height = n * line + 26;
    canvas.style.height = height + 'px';
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const c = canvas.getContext('2d'), style = getComputedStyle(document.documentElement), color = (name) => style.getPropertyValue(name).trim();
    c.scale(ratio, ratio);
    c.font = (line > 20 ? '12px ' : '10px ') + color('--mono');
    c.textBaseline = 'middle';
    const x = (s) => names + (s - view.from) / (view.to - view.from) * (width - names - 4);
    failing.threads.forEach((name, i) => {
      c.fillStyle = color('--dim');
      c.fillText(name, 0, i * line + line / 2, names - 6);
      c.fillStyle = color('--line');
      c.fillRect(names, i * line + line / 2, width - names, 1);
    });
    c.save();
    c.beginPath();
    c.rect(names, 0, width - names, height);
    c.clip();
    for (const h of intervals) {
      const to = h.to || failing.steps + 1;
      if (to < view.from || h.from > view.to) continue;
      const left = x(h.from), right = Math.max(left + 2, x(to));
      c.fillStyle = color(h.bad ? '--badsoft' : '--soft');
      c.strokeStyle = color(h.bad ? '--bad' : '--mark');
      c.fillRect(left, h.thread * line + 3, right - left, line - 6);
      c.strokeRect(left + 0.5, h.thread * line + 3.5, right - left - 1, line - 7);
      if (right - left > 46 && line > 20) {
        c.save();
        c.beginPath();
        c.rect(left + 3, h.thread * line, right - left - 6, line);
        c.clip();
        c.fillStyle = color('--text');
        c.fillText(h.outcome ? h.text + ': ' + h.outcome : h.text, left + 5, h.thread * line + line / 2);
        c.restore();
      }
    }
    for (const row of failing.rows) {
      if (row.kind !== 'preemption') continue;
      const at = failing.rows[failing.rows.indexOf(row) - 1];
      if (!at || !at.step || steps > 2000) break;
      c.fillStyle = color('--bad');
      c.fillRect(x(at.step + 0.5), 0, 1.5, n * line);
    }
    c.fillStyle = color('--mark');
    c.fillRect(x(step), 0, 2, n * line);
    c.restore();
    c.fillStyle = color('--dim');
    c.fillText('step ' + Math.round(view.from), names, height - 10);
    const end = String(Math.round(view.to - 1));
    c.fillText(end, width - c.measureText(end).width - 2, height - 10);
  }

  function zoom(factor, middle) {
    const span = Math.max(4, Math.min(steps, (view.to - view.from) * factor));
    const part = (middle - view.from) / (view.to - view.from);
    view.from = Math.max(1, Math.min(steps + 1 - span, middle - part * span));
    view.to = view.from + span;
    drawHistory();
  }

  function historyStep(event) {
    const canvas = get('history'), box = canvas.getBoundingClientRect(), names = box.width < 500 ? 60 : 110;
    return view.from + (event.clientX - box.left - names) / (box.width - names - 4) * (view.to - view.from);
  }

  function historyTable() {
    const most = 500, table = element('table'), head = element('tr');
    ['thread', 'operation', 'from step', 'to step', 'outcome'].forEach((t) => {
      const cell = element('th', '', t);
      cell.scope = 'col';
      head.append(cell);
    });
    table.append(head);
    intervals.slice(0, most).forEach((h) => {
      const row = element('tr');
      [failing.threads[h.thread], h.text, h.from, h.to || 'not answered', h.outcome || ''].forEach((t) => row.append(element('td', '', t)));
      table.append(row);
    });
    get('history-table').append(table);
    if (intervals.length > most) get('history-table').append(element('p', 'hint', 'The first ' + most + ' of ' + intervals.length + ' operations.'));
  }

  async function copy(button) {
    const text = get(button.dataset.copy).textContent, label = button.textContent;
    let done = false;
    try {
      await navigator.clipboard.writeText(text);
      done = true;
    } catch (refused) {
      const area = element('textarea');
      area.value = text;
      document.body.append(area);
      area.select();
      done = document.execCommand('copy');
      area.remove();
    }
    button.textContent = done ? 'Copied' : 'Press Ctrl+C';
    button.dataset.state = done ? 'copied' : 'refused';
    setTimeout(() => { button.textContent = label; }, 1500);
  }

  function listen() {
    get('step').max = steps;
    get('step').addEventListener('input', (e) => go(Number(e.target.value)));
    get('first').addEventListener('click', () => go(1));
    get('back').addEventListener('click', () => go(step - 1));
    get('next').addEventListener('click', () => go(step + 1));
    get('last').addEventListener('click', () => go(failing.steps));
    get('switch').addEventListener('click', nextSwitch);
    if (twin && twin.data.differs) {
      get('difference').hidden = false;
      get('difference').addEventListener('click', () => go(twin.data.differs));
    }
    document.querySelectorAll('[data-copy]').forEach((b) => b.addEventListener('click', () => copy(b)));
    get('lanes').addEventListener('click', (e) => {
      const row = e.target.closest('[data-step]');
      if (row) go(Number(row.dataset.step), false);
    });
    document.addEventListener('keydown', (e) => {
      if (e.ctrlKey || e.metaKey || e.altKey || e.target.closest('pre, #source, details, #history-table')) return;
      const keys = {
        ArrowDown: step + 1, ArrowRight: step + 1, ArrowUp: step - 1, ArrowLeft: step - 1,
        PageDown: step + 20, PageUp: step - 20, Home: 1, End: failing.steps
      };
      if (e.key in keys) go(keys[e.key]);
      else if (e.key === 'n') nextSwitch();
      else if (e.key === 'd' && twin) go(twin.data.differs);
      else return;
      e.preventDefault();
    });
    if (intervals.length) {
      get('history').addEventListener('click', (e) => go(Math.round(historyStep(e))));
      get('history').addEventListener('wheel', (e) => {
        if (!e.ctrlKey) return;
        e.preventDefault();
        zoom(e.deltaY > 0 ? 1.25 : 0.8, historyStep(e));
      }, {passive: false});
      get('zoom-in').addEventListener('click', () => zoom(0.5, step));
      get('zoom-out').addEventListener('click', () => zoom(2, step));
      get('zoom-all').addEventListener('click', () => zoom(steps, step));
    }
    let pending = 0;
    window.addEventListener('resize', () => {
      cancelAnimationFrame(pending);
      pending = requestAnimationFrame(() => {
        runs.forEach(layOut);
        go(step);
      });
    });
    window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawHistory);
  }

  // The page opens where another thread strikes, or, where none does, where the failure was found.
  function begin() {
    const asked = /^#step-(\d+)$/.exec(location.hash);
    if (asked) return Number(asked[1]);
    for (let i = 1; i < failing.rows.length; i++) {
      if (failing.rows[i].kind === 'preemption' && failing.rows[i - 1].step) return failing.rows[i - 1].step;
    }
    return report.verdict === 'held' ? 1 : failing.steps;
  }

  runs.forEach((run) => {
    get('lanes').append(run.box);
    get('states').append(element('section', 'state'));
  });
  get('controls').hidden = false;
  get('history-section').hidden = !intervals.length;
  runs.forEach(layOut);
  listen();
  historyTable();
  go(begin());
  document.documentElement.dataset.ready = 'true';
}());
