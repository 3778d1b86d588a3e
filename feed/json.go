package feed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// MaxJSON bounds the bytes of a JSON file.
const MaxJSON = 256 << 20

// maxJSONValue bounds the bytes of one value of it, as a train is.
const maxJSONValue = 1 << 20

// document reads a JSON file from its beginning to its end, one value of a list or object after the other.
type document struct {
	decoder *jsontext.Decoder
	source  *jsonSource
	show    func(done, total int64)
	began   int // the line where the last value began
}

func newDocument(r io.Reader, show func(done, total int64)) *document {
	d := &document{source: &jsonSource{r: r}, show: show}
	d.decoder = jsontext.NewDecoder(d.source)
	return d
}

// line is the line on which reading stands.
func (d *document) line() int { return d.source.lineAt(d.decoder.InputOffset()) }

// members reads an object: each is called with the name of a member, whose value it must read or skip.
func (d *document) members(ctx context.Context, each func(name string) error) error {
	if err := d.open('{', "an object"); err != nil {
		return err
	}
	for d.decoder.PeekKind() != '}' {
		name, err := d.decoder.ReadToken()
		if err != nil {
			return d.broken(err)
		}
		if err := each(strings.Clone(name.String())); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return d.end()
}

// elements reads a list.
func (d *document) elements(ctx context.Context, each func() error) error {
	if err := d.open('[', "a list"); err != nil {
		return err
	}
	for d.decoder.PeekKind() != ']' {
		if err := each(); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return d.end()
}

func (d *document) open(kind jsontext.Kind, what string) error {
	if found := d.decoder.PeekKind(); found != kind && found != 0 {
		return fatal(d.line(), "wrong_shape", "There is no %s at %q, so this is not the format that was named.", what, d.decoder.StackPointer())
	}
	_, err := d.decoder.ReadToken()
	return d.broken(err)
}

func (d *document) end() error {
	if _, err := d.decoder.ReadToken(); err != nil {
		return d.broken(err)
	}
	d.source.forget(d.decoder.InputOffset())
	if d.show != nil && d.decoder.StackDepth() == 0 {
		d.show(d.source.done, d.source.done)
	}
	return nil
}

// finish refuses what stands behind the document.
func (d *document) finish() error {
	if _, err := d.decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return fatal(d.line(), "bad_json", "Something stands behind the JSON value.")
	}
	return nil
}

func (d *document) skip() error { return d.broken(d.decoder.SkipValue()) }

// value reads the next value into v. bad says why it does not fit, and was read over; err why the file cannot be read on.
func (d *document) value(v any) (bad *Error, err error) {
	raw, err := d.decoder.ReadValue()
	if err != nil {
		return nil, d.broken(err)
	}
	d.began = d.source.lineAt(d.decoder.InputOffset() - int64(len(raw)))
	defer func() {
		d.source.forget(d.decoder.InputOffset())
		if d.show != nil && d.source.done-d.source.shown >= 256<<10 {
			d.source.shown = d.source.done
			d.show(d.source.done, 0)
		}
	}()
	if len(raw) > maxJSONValue {
		return &Error{Line: d.began, Code: "value_too_long", Message: fmt.Sprintf("The value at %q has more than %d bytes.", d.decoder.StackPointer(), maxJSONValue)}, nil
	}
	if err := json.Unmarshal(raw, v); err != nil {
		var wrong *json.SemanticError
		where := string(d.decoder.StackPointer())
		if errors.As(err, &wrong) {
			where += string(wrong.JSONPointer)
		}
		return &Error{Line: d.began, Code: "wrong_type", Message: fmt.Sprintf("The value at %q is of another type than the format has there.", where)}, nil
	}
	return nil, nil
}

// broken says why the file cannot be read on.
func (d *document) broken(err error) error {
	var syntax *jsontext.SyntacticError
	var bad *Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &bad):
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fatal(d.line(), "bad_json", "The file ends within a JSON value.")
	case errors.As(err, &syntax) && errors.Is(err, jsontext.ErrDuplicateName):
		return fatal(d.source.lineAt(syntax.ByteOffset), "duplicate", "The key %q is there twice.", syntax.JSONPointer.LastToken())
	case errors.As(err, &syntax):
		return fatal(d.source.lineAt(syntax.ByteOffset), "bad_json", "The file is not JSON from here on: %v.", syntax.Err)
	}
	return fmt.Errorf("read the file: %w", err)
}

// jsonSource knows on which lines the bytes are that the decoder has read ahead, and leaves out a byte order mark.
type jsonSource struct {
	r           io.Reader
	done, shown int64
	begun       bool
	passed      int     // line breaks before those in breaks
	breaks      []int64 // offsets of line breaks
}

func (s *jsonSource) Read(p []byte) (int, error) {
	if s.done >= MaxJSON {
		return 0, fatal(0, "too_large", "The file has more than %d bytes.", MaxJSON)
	}
	if !s.begun {
		s.begun = true
		mark := make([]byte, len(byteOrderMark))
		n, err := io.ReadFull(s.r, mark)
		if bytes.Equal(mark[:n], byteOrderMark) {
			n = 0
		}
		rest := s.r
		s.r = io.MultiReader(bytes.NewReader(mark[:n]), rest)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return 0, err
		}
	}
	n, err := s.r.Read(p)
	for i, c := range p[:n] {
		if c == '\n' {
			s.breaks = append(s.breaks, s.done+int64(i))
		}
	}
	s.done += int64(n)
	return n, err
}

// lineAt is the line of a byte; 1 is the first.
func (s *jsonSource) lineAt(offset int64) int {
	line := s.passed + 1
	for _, b := range s.breaks {
		if b >= offset {
			break
		}
		line++
	}
	return line
}

// forget drops the line breaks before a byte, which is behind all that will be asked for.
func (s *jsonSource) forget(offset int64) {
	n := 0
	for n < len(s.breaks) && s.breaks[n] < offset {
		n++
	}
	s.passed += n
	s.breaks = append(s.breaks[:0], s.breaks[n:]...)
}

// loose is a text that some files write as a number.
type loose string

// UnmarshalJSONFrom reads a string, a number, or null as "".
func (l *loose) UnmarshalJSONFrom(decoder *jsontext.Decoder) error {
	token, err := decoder.ReadToken()
	if err != nil {
		return err
	}
	if kind := token.Kind(); kind == 'n' {
		*l = ""
	} else if kind == '"' || kind == '0' {
		*l = loose(token.String())
	} else {
		return errors.New("neither a text nor a number")
	}
	return nil
}
