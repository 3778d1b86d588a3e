// Package partner is a runnable fake of partners' servers: files with versions that answer conditional questions, and
// every way in which such a server can be ill. It is an http.Handler; serve it by httptest, or in memory by Listen.
package partner

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Server is the files of some partners, by path.
type Server struct {
	mu    sync.Mutex
	files map[string]*file
	now   int // requests under way
	most  int
}

type file struct {
	body     []byte
	modified time.Time
	stamp    string
	plain    bool // tells no validators
	next     []Answer
	asked    []http.Header
}

// New is a server without files.
func New() *Server { return &Server{files: map[string]*file{}} }

// Version is what a file has besides its bytes.
type Version struct {
	Modified time.Time // Last-Modified; zero: not told
	Stamp    string    // Feed-Version; "": not told
	Plain    bool      // no ETag either
}

// Put gives a path a file.
func (s *Server) Put(path string, body []byte, v Version) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.at(path)
	f.body, f.modified, f.stamp, f.plain = body, v.Modified, v.Stamp, v.Plain
}

// Next says how the next requests of a path are answered, one after the other; after them it is the file again.
func (s *Server) Next(path string, answers ...Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.at(path)
	f.next = append(f.next, answers...)
}

// Asked is the headers of the requests of a path so far.
func (s *Server) Asked(path string) []http.Header {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]http.Header(nil), s.at(path).asked...)
}

// Most is the highest number of requests at the same time so far.
func (s *Server) Most() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.most
}

func (s *Server) at(path string) *file {
	f := s.files[path]
	if f == nil {
		f = &file{}
		s.files[path] = f
	}
	return f
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	f := s.at(r.URL.Path)
	f.asked = append(f.asked, r.Header.Clone())
	var ill Answer
	if len(f.next) > 0 {
		ill, f.next = f.next[0], f.next[1:]
	}
	body, modified, stamp, plain := f.body, f.modified, f.stamp, f.plain
	s.now++
	s.most = max(s.most, s.now)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.now--
	}()
	switch {
	case ill != nil:
		ill(w, r, body)
	case body == nil:
		http.NotFound(w, r)
	default:
		answer(w, r, body, modified, stamp, plain)
	}
}

func answer(w http.ResponseWriter, r *http.Request, body []byte, modified time.Time, stamp string, plain bool) {
	sum := sha256.Sum256(body)
	tag := `"` + hex.EncodeToString(sum[:8]) + `"`
	if stamp != "" {
		w.Header().Set("Feed-Version", stamp)
	}
	if !modified.IsZero() {
		w.Header().Set("Last-Modified", modified.UTC().Format(http.TimeFormat))
	}
	if !plain {
		w.Header().Set("ETag", tag)
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	if since, err := http.ParseTime(r.Header.Get("If-Modified-Since")); err == nil && r.Header.Get("If-None-Match") == "" && !modified.IsZero() && !modified.Truncate(time.Second).After(since) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = w.Write(body) // whoever goes away is shown by the test
}

// Answer is one way to answer a request for a file.
type Answer func(w http.ResponseWriter, r *http.Request, body []byte)

// Fail answers with a status, and Retry-After if after is above zero.
func Fail(status int, after time.Duration) Answer {
	return func(w http.ResponseWriter, _ *http.Request, _ []byte) {
		if after > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(after/time.Second)))
		}
		w.WriteHeader(status)
	}
}

// Silent says nothing until the other side has gone.
func Silent() Answer {
	return func(_ http.ResponseWriter, r *http.Request, _ []byte) { <-r.Context().Done() }
}

// Drip sends the file a byte at a time, with a pause after each, until the other side has gone.
func Drip(pause time.Duration) Answer {
	return func(w http.ResponseWriter, r *http.Request, body []byte) {
		for _, b := range body {
			if _, err := w.Write([]byte{b}); err != nil {
				return
			}
			flush(w)
			timer := time.NewTimer(pause)
			select {
			case <-timer.C:
			case <-r.Context().Done():
				timer.Stop()
				return
			}
		}
	}
}

// Endless never stops sending.
func Endless() Answer {
	return func(w http.ResponseWriter, r *http.Request, _ []byte) {
		block := make([]byte, 32<<10)
		for r.Context().Err() == nil {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	}
}

// BreakOff announces the whole file and sends the first half.
func BreakOff() Answer {
	return func(w http.ResponseWriter, _ *http.Request, body []byte) {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body[:len(body)/2])
		flush(w)
		panic(http.ErrAbortHandler)
	}
}

// Redirect leads elsewhere.
func Redirect(to string) Answer {
	return func(w http.ResponseWriter, r *http.Request, _ []byte) { http.Redirect(w, r, to, http.StatusFound) }
}

func flush(w http.ResponseWriter) {
	if f, ok := w.(http.Flusher); ok {
		f.Flush()
	}
}
