"use strict";
// The reference: read /openapi.json once, draw it, and let the reader try the calls. Texts become text nodes, never HTML.

const $ = (id) => document.getElementById(id);

// el makes an element: attributes by name, on* as listeners, children as nodes or texts.
function el(tag, attrs, ...children) {
  const node = document.createElement(tag);
  for (const [k, v] of Object.entries(attrs || {})) {
    if (v === undefined || v === null || v === false) continue;
    if (k.startsWith("on")) node.addEventListener(k.slice(2), v);
    else if (k === "class") node.className = v;
    else node.setAttribute(k, v === true ? "" : v);
  }
  node.append(...children.flat(Infinity).filter((c) => c !== undefined && c !== null && c !== false));
  return node;
}

let doc;
const resolve = (s) => {
  while (s && s.$ref) {
    const target = s.$ref.slice(2).split("/").reduce((v, k) => v[k], doc);
    s = { ...target, ...s, $ref: undefined, name: s.$ref.split("/").pop() };
  }
  return s || {};
};
const say = (text) => { $("said").textContent = text; };

// ---- texts -------------------------------------------------------------------------------------------------------

// inline draws `code`, **strong** and [links](to), which is all the document uses.
function inline(text) {
  const out = [];
  const re = /`([^`]+)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\((\/[^)\s]*|#[^)\s]*)\)/g;
  let at = 0;
  for (let m; (m = re.exec(text)); at = re.lastIndex) {
    out.push(text.slice(at, m.index));
    if (m[1]) out.push(el("code", {}, m[1]));
    else if (m[2]) out.push(el("strong", {}, m[2]));
    else out.push(el("a", { href: m[4] }, inline(m[3])));
  }
  out.push(text.slice(at));
  return out;
}

function prose(text) {
  return (text || "").trim().split(/\n\n+/).map((block) => {
    const lines = block.split("\n");
    if (lines.every((l) => l.startsWith("- "))) return el("ul", {}, lines.map((l) => el("li", {}, inline(l.slice(2)))));
    return el("p", {}, inline(lines.join(" ")));
  });
}

// pretty is a value as indented JSON, with what is short on one line.
function pretty(value, indent = "") {
  const flat = value !== null && typeof value === "object" && Object.values(value).every((v) => v === null || typeof v !== "object");
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const list = Array.isArray(value);
  const parts = list ? value.map((v) => pretty(v, indent + "  ")) : Object.entries(value).map(([k, v]) => JSON.stringify(k) + ": " + pretty(v, indent + "  "));
  const [open, close] = list ? "[]" : "{}";
  const line = open + parts.join(", ") + close;
  if (!parts.length || (flat && line.length <= 52)) return line;
  return open + "\n" + parts.map((x) => indent + "  " + x).join(",\n") + "\n" + indent + close;
}

// json draws a value with its parts coloured.
function json(value) {
  const text = pretty(value);
  const re = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
  const out = [];
  let at = 0;
  for (let m; (m = re.exec(text)); at = re.lastIndex) {
    out.push(text.slice(at, m.index));
    const kind = m[2] ? "j-key" : m[1] ? "j-str" : m[3] ? "j-lit" : "j-num";
    out.push(el("span", { class: kind }, m[1] || m[0]), m[2] || "");
  }
  out.push(text.slice(at));
  return out;
}

function copyButton(text, what) {
  const b = el("button", { type: "button", "aria-label": "Copy " + what }, "Copy");
  b.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text());
      b.textContent = "Copied";
      say(what + " copied");
    } catch {
      b.textContent = "Press Ctrl+C";
      say("Copying was refused by the browser");
    }
    setTimeout(() => { b.textContent = "Copy"; }, 1600);
  });
  return b;
}

function snippet(caption, nodes, text) {
  return [el("p", { class: "cap" }, caption, copyButton(text, caption)), el("div", { class: "snippet" }, el("pre", { tabindex: "0", "aria-label": caption }, nodes))];
}

// ---- fields ------------------------------------------------------------------------------------------------------

function kindOf(s) {
  if (s.oneOf && !s.properties) return s.oneOf.map((o) => kindOf(resolve(o))).join(" or ");
  const types = [].concat(s.type || []);
  const nullable = types.includes("null") && types.length > 1 ? " or null" : "";
  const type = types.find((t) => t !== "null") || types[0];
  if (type === "array") return "list of " + kindOf(resolve(s.items)) + nullable;
  if (type === "object") return (s.name || "object") + nullable;
  if (type === "string") return ({ date: "date", "date-time": "instant", email: "e-mail address" }[s.format] || "text") + nullable;
  if (type === "integer") return "whole number" + nullable;
  if (type === "boolean") return "true or false" + nullable;
  return (type || "any") + nullable;
}

function ruleOf(s) {
  const t = s.type === "array" ? resolve(s.items) : s;
  const out = [];
  if (t.enum && !(t.enum.length === 1 && t.enum[0] === null)) out.push("one of " + t.enum.join(", "));
  if (t.minimum !== undefined && t.maximum !== undefined) out.push(`${t.minimum} to ${t.maximum}`);
  else if (t.minimum !== undefined) out.push(`at least ${t.minimum}`);
  else if (t.maximum !== undefined) out.push(`${t.exclusiveMinimum !== undefined ? "above " + t.exclusiveMinimum + ", " : ""}at most ${t.maximum}`);
  if (s.maxItems !== undefined) out.push(`${s.minItems || 0} to ${s.maxItems} entries`);
  if (t.maxLength !== undefined) out.push(`at most ${t.maxLength} characters`);
  if (t.default !== undefined) out.push(`${t.default} if left out`);
  return out.join(" · ");
}

function fieldItem(name, s, required, depth) {
  const rule = ruleOf(s);
  const example = s.examples && s.examples.length && !s.enum ? JSON.stringify(s.examples[0]) : "";
  const inner = [s, s.type === "array" ? resolve(s.items) : null, ...(s.oneOf || []).map(resolve)].find((x) => x && x.properties);
  return el("li", {},
    el("span", { class: "name" }, name), el("span", { class: "kind" }, kindOf(s)), required && el("span", { class: "must" }, "required"),
    s.description && el("p", {}, inline(s.description)),
    (rule || example) && el("div", { class: "rule" }, rule, rule && example ? " · " : "", example && ["such as ", el("code", {}, example)]),
    inner && depth < 5 && lazy("Fields of " + (inner.name || name), () => fieldList(inner, depth + 1)));
}

// lazy is a part that is drawn when it is opened.
function lazy(title, draw) {
  const d = el("details", { class: "more" }, el("summary", {}, title));
  d.addEventListener("toggle", () => { if (d.open && d.children.length === 1) d.append(draw()); });
  return d;
}

function fieldList(schema, depth = 0) {
  const required = schema.required || [];
  const names = schema["x-field-order"] || Object.keys(schema.properties || {});
  return el("ul", { class: "fields" }, names.map((n) => fieldItem(n, resolve(schema.properties[n]), required.includes(n), depth)));
}

// ---- one operation -----------------------------------------------------------------------------------------------

const placeholders = { reservation_id: "res", hotel_id: "htl", room_type_id: "rt", rate_plan_id: "rp", room_id: "rm", quote_id: "quo", payment_id: "pay", supplier_id: "sup", reservation: "res" };
const known = {}; // the last id of each kind that an answer showed, to save copying it

function operation(path, method, op) {
  const id = op.operationId;
  const params = (op.parameters || []).map((p) => ({ ...p, schema: resolve(p.schema) }));
  const media = op.requestBody && op.requestBody.content["application/json"];
  const left = el("div", {},
    el("h3", { id: "t-" + id }, op.summary),
    el("p", { class: "route" }, el("span", { class: "verb " + method }, method), el("span", { class: "path" }, pathNodes(path))),
    prose(op.description), needs(op));
  for (const [where, title] of [["path", "In the path"], ["query", "In the query"], ["header", "Headers"]]) {
    const some = params.filter((p) => p.in === where);
    if (some.length) {
      left.append(el("h4", {}, title), el("ul", { class: "fields" },
        some.map((p) => fieldItem(p.name, { ...p.schema, description: p.description || p.schema.description, examples: p.example !== undefined ? [p.example] : p.schema.examples }, p.required, 0))));
    }
  }
  if (media) left.append(el("h4", {}, "Body" + (op.requestBody.required ? "" : " (may be left out)")), fieldList(resolve(media.schema)));
  left.append(el("h4", {}, "Answers"), answers(op));
  return el("section", { class: "op", id, "aria-labelledby": "t-" + id }, left, panel(path, method, op, params, media));
}

const pathNodes = (path) => path.split(/(\{[^}]+\})/).map((p) => (p.startsWith("{") ? p : el("b", {}, p)));

function needs(op) {
  const security = op.security || [];
  if (!security.length) return null;
  const scopes = security.flatMap((s) => s.bearer || []);
  const open = security.some((s) => !s.bearer);
  if (open) return el("p", { class: "needs" }, "Public; a token is not needed.");
  if (!scopes.length) return el("p", { class: "needs" }, "Needs a token, with any scope.");
  return el("p", { class: "needs" }, "Needs a token with ", scopes.map((s, i) => [i ? " or " : "", el("code", {}, s)]), ".");
}

function answers(op) {
  return el("ul", { class: "answers" }, Object.entries(op.responses).map(([status, r]) => {
    const ok = status[0] === "2" || status[0] === "3";
    const mark = el("span", { class: "status s" + status[0] }, status);
    if (ok) {
      const media = r.content && r.content["application/json"];
      const head = Object.entries(r.headers || {}).filter(([n]) => n !== "X-Request-Id");
      const title = { OK: "Done", Created: "Made", "No Content": "Done; there is no body" }[r.description] || r.description;
      if (!media) return el("li", { class: "plain" }, mark, title);
      const d = el("details", {}, el("summary", {}, mark, title));
      d.addEventListener("toggle", () => {
        if (!d.open || d.children.length > 1) return;
        d.append(el("div", { class: "body" }, head.length > 0 && el("p", { class: "rule" }, "Headers: ", head.map(([n], i) => [i ? ", " : "", el("code", {}, n)])), fieldList(resolve(media.schema))));
      });
      return el("li", {}, d);
    }
    const codes = Object.entries((Object.values(r.content || {})[0] || {}).examples || {});
    return el("li", {}, el("details", {}, el("summary", {}, mark, codes.length === 1 ? codes[0][1].summary : codes.length + " reasons"),
      el("div", { class: "body" }, el("ul", { class: "codes-list" }, codes.map(([code, e]) => el("li", {}, el("a", { href: "/errors/" + code, title: e.summary }, code)))))));
  }));
}

// ---- the panel: example, and trying it ---------------------------------------------------------------------------

function panel(path, method, op, params, media) {
  const id = op.operationId;
  const examples = media ? Object.entries(media.examples || {}).sort((a, b) => a[1]["x-order"] - b[1]["x-order"]) : [];
  const success = Object.entries(op.responses).find(([s]) => s[0] === "2");
  const answer = success && success[1].content && success[1].content["application/json"];
  const form = tryForm(path, method, op, params, examples);
  const panes = [["Example", el("div", { class: "pane" })], ["Try it", el("div", { class: "pane" }, form.node)]];

  const drawExample = () => {
    const curl = form.curl(false);
    panes[0][1].replaceChildren(
      ...snippet("curl", curl, () => curl),
      ...(answer && answer.example !== undefined ? snippet("Answer " + success[0], json(answer.example), () => pretty(answer.example)) : []));
  };
  drawExample();

  const tabs = panes.map(([title, pane], i) => {
    const b = el("button", { type: "button", role: "tab", id: `tab-${id}-${i}`, "aria-controls": `pane-${id}-${i}`, "aria-selected": String(i === 0), tabindex: i === 0 ? "0" : "-1" }, title);
    pane.id = `pane-${id}-${i}`;
    pane.setAttribute("role", "tabpanel");
    pane.setAttribute("aria-labelledby", b.id);
    pane.hidden = i !== 0;
    return b;
  });
  const choose = (n) => {
    if (n === 0) drawExample();
    tabs.forEach((b, i) => {
      b.setAttribute("aria-selected", String(i === n));
      b.tabIndex = i === n ? 0 : -1;
      panes[i][1].hidden = i !== n;
    });
  };
  tabs.forEach((b, i) => {
    b.addEventListener("click", () => choose(i));
    b.addEventListener("keydown", (e) => {
      const n = { ArrowRight: (i + 1) % tabs.length, ArrowLeft: (i + tabs.length - 1) % tabs.length }[e.key];
      if (n === undefined) return;
      e.preventDefault();
      choose(n);
      tabs[n].focus();
    });
  });
  return el("div", { class: "panel" }, el("div", { class: "tabs", role: "tablist", "aria-label": op.summary }, tabs), panes.map(([, p]) => p));
}

const quote = (s) => "'" + s.replaceAll("'", "'\\''") + "'";
const freshKey = () => (crypto.randomUUID ? crypto.randomUUID() : Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join(""));

function tryForm(path, method, op, params, examples) {
  const inputs = params.map((p) => {
    const example = p.example ?? (p.schema.examples || [])[0] ?? "";
    const wanted = p.required || p.in === "path";
    const input = p.schema.enum
      ? el("select", {}, el("option", { value: "" }, ""), p.schema.enum.map((v) => el("option", { value: v }, v)))
      : el("input", { value: wanted && p.name !== "Idempotency-Key" ? example : "", placeholder: wanted ? "" : String(example), autocomplete: "off", spellcheck: "false" });
    if (p.name === "Idempotency-Key" && p.required) input.value = freshKey();
    if (placeholders[p.name]) {
      input.dataset.kind = placeholders[p.name];
      input.dataset.auto = input.value;
    }
    return { p, input, node: el("label", { class: "field" }, el("span", {}, p.name, el("em", {}, wanted ? "required" : p.in)), input) };
  });
  const area = examples.length > 0 && el("textarea", { spellcheck: "false", "aria-label": "Body", rows: "12" }, pretty(examples[0][1].value));
  const pick = examples.length > 1 && el("select", { "aria-label": "Example" }, examples.map(([name, e]) => el("option", { value: name }, e.summary || name)));
  if (pick) pick.addEventListener("change", () => { area.value = pretty(examples.find(([n]) => n === pick.value)[1].value); });

  // call is what the inputs say now.
  const call = () => {
    let target = path;
    const query = new URLSearchParams();
    const headers = {};
    for (const { p, input } of inputs) {
      const v = input.value.trim();
      if (p.in === "path") target = target.replace(`{${p.name}}`, encodeURIComponent(v));
      else if (v && p.in === "query") query.set(p.name, v);
      else if (v && p.in === "header") headers[p.name] = v;
    }
    if (String(query)) target += "?" + query;
    const body = area && (area.value.trim() || undefined);
    if (body) headers["Content-Type"] = "application/json";
    return { target, headers, body };
  };
  const curl = (withToken) => {
    const c = call();
    const parts = ["curl" + (method === "get" ? "" : " -X " + method.toUpperCase()) + " " + quote(location.origin + c.target)];
    if ((op.security || []).some((s) => s.bearer) && !(op.security || []).some((s) => !s.bearer)) {
      parts.push(`-H "Authorization: Bearer ${withToken ? $("token").value : "$TOKEN"}"`);
    }
    for (const [k, v] of Object.entries(c.headers)) parts.push("-H " + quote(k + ": " + v));
    if (c.body) parts.push("-d " + quote(c.body));
    return parts.join(" \\\n  ");
  };

  const result = el("div", { class: "result", hidden: true, tabindex: "-1" });
  const send = el("button", { type: "submit", class: "go" }, "Send");
  const form = el("form", { autocomplete: "off" },
    inputs.map((i) => i.node),
    pick && el("label", { class: "field" }, el("span", {}, "Example"), pick),
    area && el("label", { class: "field" }, el("span", {}, "Body", el("em", {}, "JSON")), area),
    el("div", { class: "row" }, send, el("span", { class: "hint" }, "calls this server for real")), result);
  form.addEventListener("keydown", (e) => { if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) form.requestSubmit(); });
  form.addEventListener("submit", async (e) => {
    e.preventDefault();
    send.disabled = true;
    send.textContent = "Sending…";
    const c = call();
    const headers = { ...c.headers };
    if ($("token").value) headers.Authorization = "Bearer " + $("token").value;
    const began = performance.now();
    try {
      const r = await fetch(c.target, { method: method.toUpperCase(), headers, body: c.body, credentials: "omit", cache: "no-store" });
      const text = await r.text();
      show(result, r, text, performance.now() - began);
      if (r.ok) {
        learn(text);
        const key = inputs.find((i) => i.p.name === "Idempotency-Key" && i.p.required);
        if (key) key.input.value = freshKey();
      }
    } catch (err) {
      result.replaceChildren(el("h5", {}, "No answer"), el("p", {}, "The server could not be reached: " + err.message));
      result.hidden = false;
      say("No answer");
    }
    send.disabled = false;
    send.textContent = "Send";
  });
  return { node: form, curl };
}

function show(into, r, text, took) {
  let body = text && el("pre", { tabindex: "0", "aria-label": "Answer" }, text);
  let code;
  try {
    const value = JSON.parse(text);
    code = r.ok ? undefined : value.code;
    body = el("pre", { tabindex: "0", "aria-label": "Answer" }, json(value));
  } catch { /* it is no JSON; it is shown as it is */ }
  const extras = ["Location", "ETag", "Retry-After", "Idempotent-Replayed"].map((n) => [n, r.headers.get(n)]).filter(([, v]) => v);
  into.replaceChildren(
    el("h5", {}, el("b", { class: "status s" + String(r.status)[0] }, r.status), code && el("a", { href: "/errors/" + code }, code), el("span", {}, Math.round(took) + " ms")),
    extras.length > 0 && el("p", { class: "rule" }, extras.map(([n, v], i) => [i ? " · " : "", n + ": ", el("code", {}, v)])),
    body || el("p", { class: "rule" }, "No body."));
  for (const child of [...into.childNodes]) if (child.nodeType === 3) child.remove();
  into.hidden = false;
  say("Answer " + r.status + (code ? ", " + code : ""));
}

// learn takes the ids of an answer over into inputs that the reader has not changed.
function learn(text) {
  let value;
  try { value = JSON.parse(text); } catch { return; }
  const first = (Object.values(value).find((v) => Array.isArray(v) && v.length && v[0] && typeof v[0].id === "string") || [])[0];
  for (const v of [value.id, first && first.id]) {
    const m = typeof v === "string" && /^([a-z]+)_/.exec(v);
    if (!m || m[1] === "off") continue;
    known[m[1]] = v;
    for (const input of document.querySelectorAll(`input[data-kind="${m[1]}"]`)) {
      if (input.value === input.dataset.auto) input.value = input.dataset.auto = v;
    }
  }
}

// ---- the page ----------------------------------------------------------------------------------------------------

function draw() {
  const groups = (doc.tags || []).map((t) => ({ ...t, ops: [] }));
  for (const [path, item] of Object.entries(doc.paths)) {
    for (const method of ["get", "post", "put", "delete"]) {
      const op = item[method];
      const group = op && groups.find((g) => g.name === (op.tags || [])[0]);
      if (group) group.ops.push({ path, method, op });
    }
  }
  const order = { post: 0, get: 1, put: 2, delete: 3 };
  const index = document.createDocumentFragment();
  const all = document.createDocumentFragment();
  for (const g of groups) {
    if (!g.ops.length) continue;
    g.ops.sort((a, b) => a.path.split("/").length - b.path.split("/").length || a.path.localeCompare(b.path) || order[a.method] - order[b.method]);
    const gid = "g-" + g.name.toLowerCase().replaceAll(" ", "-");
    index.append(el("div", { class: "part" }, el("h2", {}, g.name), el("ul", {}, g.ops.map(({ path, method, op }) =>
      el("li", { "data-find": (op.summary + " " + method + " " + path + " " + g.name).toLowerCase() },
        el("a", { href: "#" + op.operationId }, el("span", { class: "verb " + method }, method === "delete" ? "del" : method), el("span", {}, op.summary)))))));
    all.append(el("section", { class: "group", "aria-labelledby": gid }, el("h2", { id: gid }, g.name), el("p", {}, g.description),
      g.ops.map(({ path, method, op }) => operation(path, method, op))));
  }
  $("index").replaceChildren(index);
  $("about").replaceChildren(...prose(doc.info.description), el("p", { class: "needs" }, "Version " + doc.info.version + ". Server: ", el("code", {}, location.origin)),
    el("h2", {}, "Who you are"), ...prose(doc.components.securitySchemes.bearer.description));
  $("operations").replaceChildren(all);
  $("main").setAttribute("aria-busy", "false");
}

function follow() {
  const links = new Map([...document.querySelectorAll("#index a")].map((a) => [a.hash.slice(1), a]));
  const current = (id) => {
    for (const [k, a] of links) k === id ? a.setAttribute("aria-current", "true") : a.removeAttribute("aria-current");
  };
  const watch = new IntersectionObserver((seen) => {
    const top = seen.filter((s) => s.isIntersecting).sort((a, b) => a.boundingClientRect.top - b.boundingClientRect.top)[0];
    if (top) current(top.target.id);
  }, { rootMargin: "-10% 0px -80% 0px" });
  document.querySelectorAll(".op").forEach((o) => watch.observe(o));
}

function filterIndex() {
  const words = $("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const part of document.querySelectorAll("#index .part")) {
    let some = 0;
    for (const li of part.querySelectorAll("li")) {
      li.hidden = !words.every((w) => li.dataset.find.includes(w));
      some += !li.hidden;
    }
    part.hidden = !some;
    shown += some;
  }
  $("none").hidden = shown > 0;
}

const narrow = matchMedia("(max-width: 54rem)");
function fold() { $("menu").open = !narrow.matches; }

async function start() {
  fold();
  narrow.addEventListener("change", fold);
  const token = $("token");
  token.value = sessionStorage.getItem("token") || "";
  token.addEventListener("input", () => sessionStorage.setItem("token", token.value));
  $("token-form").addEventListener("submit", (e) => e.preventDefault());
  $("token-show").addEventListener("click", (e) => {
    const hidden = token.type === "password";
    token.type = hidden ? "text" : "password";
    e.target.textContent = hidden ? "Hide" : "Show";
    e.target.setAttribute("aria-pressed", String(hidden));
  });
  $("filter").addEventListener("input", filterIndex);
  $("index").addEventListener("click", (e) => { if (narrow.matches && e.target.closest("a")) $("menu").open = false; });
  try {
    const r = await fetch("/openapi.json");
    if (!r.ok) throw new Error("the server answered " + r.status);
    doc = await r.json();
  } catch (err) {
    $("about").replaceChildren(el("p", {}, "The reference could not be read: " + err.message + ". "), el("button", { type: "button", onclick: () => location.reload() }, "Try again"));
    return;
  }
  draw();
  follow();
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView({ behavior: "instant" });
}

start();
