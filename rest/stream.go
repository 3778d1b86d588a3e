package rest

import (
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// document describes the body.
func (st *stream) document() *huma.RequestBody {
	body := &huma.RequestBody{Description: st.about, Required: true, Content: map[string]*huma.MediaType{}}
	for _, t := range st.types {
		body.Content[t] = &huma.MediaType{
			Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}, Examples: map[string]*huma.Example{"file": {Summary: "A file", Value: st.example}},
		}
	}
	return body
}

// body is the file of a call as it comes. The connection lives as long as something of it keeps coming; the bounds of its
// size and of the time of the work are those of the service that reads it.
func (st *stream) body(c *call) io.Reader {
	control := http.NewResponseController(c.answer)
	return &patient{r: c.request.Body, wait: func() {
		_ = control.SetReadDeadline(time.Now().Add(st.silent)) // in tests there is no connection
	}}
}

// unhurried lets the answer of a call take as long as the work.
func (c *call) unhurried(most time.Duration) {
	_ = http.NewResponseController(c.answer).SetWriteDeadline(time.Now().Add(most)) // in tests there is no connection
}

// patient moves the deadline of a connection with each read.
type patient struct {
	r    io.Reader
	wait func()
}

func (p *patient) Read(b []byte) (int, error) {
	p.wait()
	return p.r.Read(b)
}
