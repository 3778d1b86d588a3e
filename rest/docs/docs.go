// Package docs is the reference of the API for people: one page that draws itself from /openapi.json and lets its
// reader try the calls, and a page for each problem code. Nothing in it comes from another host.
package docs

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"sync"
	"time"

	"holdfast/rest/problem"
)

//go:embed index.html app.js style.css errors.html
var files embed.FS

// policy lets the pages load their own files and call this server, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

var errorsPage = template.Must(template.ParseFS(files, "errors.html"))

// What the pages say about keeping them: those that must fit the document ask each time, an explanation of a code may be
// some hours old.
const (
	pageControl  = "public, no-cache"
	errorControl = "public, max-age=3600, stale-while-revalidate=86400"
)

// page is what is served under one path.
type page struct {
	body    []byte
	tag     string // strong
	media   string
	control string
}

func newPage(body []byte, media, control string) page {
	sum := sha256.Sum256(body)
	return page{body, `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`, media, control}
}

func (p page) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", p.media)
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "no-referrer")
	Serve(w, r, p.body, p.tag, p.control)
}

// Serve answers with a text that has a strong entity tag, or with 304 to who has it.
func Serve(w http.ResponseWriter, r *http.Request, body []byte, tag, control string) {
	h := w.Header()
	h.Set("Cache-Control", control)
	h.Set("ETag", tag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body)) // it knows If-None-Match, HEAD and ranges
}

const html = "text/html; charset=utf-8"

// explanations are the pages of all codes, and the one of all of them under "".
var explanations = sync.OnceValue(func() map[string]page {
	pages := map[string]page{"": newPage(render(problem.All()), html, errorControl)}
	for _, e := range problem.All() {
		pages[e.Code] = newPage(render([]problem.Entry{e}), html, errorControl)
	}
	return pages
})

// Register adds the pages.
func Register(mux *http.ServeMux) {
	mux.HandleFunc("GET /docs", file("index.html", html))
	mux.HandleFunc("GET /docs/app.js", file("app.js", "text/javascript; charset=utf-8"))
	mux.HandleFunc("GET /docs/style.css", file("style.css", "text/css; charset=utf-8"))
	mux.HandleFunc("GET /errors", func(w http.ResponseWriter, r *http.Request) { explanations()[""].serve(w, r) })
	mux.HandleFunc("GET /errors/{code}", func(w http.ResponseWriter, r *http.Request) {
		if p, ok := explanations()[r.PathValue("code")]; ok {
			p.serve(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", html)
		h.Set("Content-Security-Policy", policy)
		h.Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write(render(nil))
	})
}

func file(name, media string) http.HandlerFunc {
	text, err := files.ReadFile(name)
	if err != nil {
		panic(err) // it is embedded
	}
	return newPage(text, media, pageControl).serve
}

func render(entries []problem.Entry) []byte {
	var b bytes.Buffer
	if err := errorsPage.Execute(&b, entries); err != nil {
		panic(err) // the template and the table are ours
	}
	return b.Bytes()
}
