// Package docs is the reference of the API for people: one page that draws itself from /openapi.json and lets its
// reader try the calls, and a page for each problem code. Nothing in it comes from another host.
package docs

import (
	"embed"
	"html/template"
	"net/http"

	"holdfast/rest/problem"
)

//go:embed index.html app.js style.css errors.html
var files embed.FS

// policy lets the pages load their own files and call this server, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

var errorsPage = template.Must(template.ParseFS(files, "errors.html"))

// Register adds the pages.
func Register(mux *http.ServeMux) {
	mux.HandleFunc("GET /docs", file("index.html", "text/html; charset=utf-8"))
	mux.HandleFunc("GET /docs/app.js", file("app.js", "text/javascript; charset=utf-8"))
	mux.HandleFunc("GET /docs/style.css", file("style.css", "text/css; charset=utf-8"))
	mux.HandleFunc("GET /errors", func(w http.ResponseWriter, _ *http.Request) { showErrors(w, problem.All(), http.StatusOK) })
	mux.HandleFunc("GET /errors/{code}", func(w http.ResponseWriter, r *http.Request) {
		e, ok := problem.Find(r.PathValue("code"))
		if !ok {
			showErrors(w, nil, http.StatusNotFound)
			return
		}
		showErrors(w, []problem.Entry{e}, http.StatusOK)
	})
}

func file(name, contentType string) http.HandlerFunc {
	text, err := files.ReadFile(name)
	if err != nil {
		panic(err) // it is embedded
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		head(w, contentType)
		_, _ = w.Write(text)
	}
}

func head(w http.ResponseWriter, contentType string) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-cache")
}

func showErrors(w http.ResponseWriter, entries []problem.Entry, status int) {
	head(w, "text/html; charset=utf-8")
	w.WriteHeader(status)
	_ = errorsPage.Execute(w, entries)
}
