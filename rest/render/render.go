// Package render writes answers as JSON: exactly the text that github.com/go-json-experiment/json writes with its defaults
// and maps in order, in a fraction of the time. What to do with each type is found out once; what this package does not
// know is left to the library. The tests compare the two.
package render

import (
	"bytes"
	"encoding"
	stdjson "encoding/json"
	"math"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// writer appends a value.
type writer func(b []byte, v reflect.Value) ([]byte, error)

var writers sync.Map // reflect.Type -> writer

// Append writes v behind b. Its error is that of the library: text that is not UTF-8, numbers that are none.
func Append(b []byte, v any) ([]byte, error) {
	r := reflect.ValueOf(v)
	if !r.IsValid() {
		return append(b, "null"...), nil
	}
	return writerOf(r.Type())(b, r)
}

func writerOf(t reflect.Type) writer {
	if w, ok := writers.Load(t); ok {
		return w.(writer) //nolint:errcheck,forcetypeassert // the map holds nothing else
	}
	w, _ := writers.LoadOrStore(t, compile(t))
	return w.(writer) //nolint:errcheck,forcetypeassert // the map holds nothing else
}

// library writes what is not known here.
func library(b []byte, v reflect.Value) ([]byte, error) {
	if v.Kind() == reflect.Map && v.Len() == 0 {
		return append(b, "{}"...), nil
	}
	text, err := json.Marshal(v.Interface(), json.Deterministic(true))
	return append(b, text...), err
}

var own = []reflect.Type{
	reflect.TypeFor[stdjson.Marshaler](), reflect.TypeFor[json.MarshalerTo](), reflect.TypeFor[encoding.TextMarshaler](), reflect.TypeFor[encoding.TextAppender](),
}

func compile(t reflect.Type) writer {
	for _, i := range own {
		if t.Implements(i) || reflect.PointerTo(t).Implements(i) {
			return library
		}
	}
	switch t.Kind() { //nolint:exhaustive // everything else is the library's
	case reflect.String:
		return func(b []byte, v reflect.Value) ([]byte, error) { return Text(b, v.String()) }
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return func(b []byte, v reflect.Value) ([]byte, error) { return strconv.AppendInt(b, v.Int(), 10), nil }
	case reflect.Bool:
		return func(b []byte, v reflect.Value) ([]byte, error) { return strconv.AppendBool(b, v.Bool()), nil }
	case reflect.Float64:
		return float
	case reflect.Pointer:
		return pointer(t)
	case reflect.Slice:
		return slice(t)
	case reflect.Struct:
		return structure(t)
	}
	return library
}

// Text appends a text in quotes.
func Text(b []byte, s string) ([]byte, error) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c > '~' {
			return jsontext.AppendQuote(b, s)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"'), nil
}

// Bounds between which a number is written without an exponent (RFC 8785, section 3.2.2.3).
const (
	leastPlain = 1e-6
	mostPlain  = 1e21
)

func float(b []byte, v reflect.Value) ([]byte, error) {
	f := v.Float()
	if a := math.Abs(f); a >= leastPlain && a < mostPlain || f == 0 && !math.Signbit(f) {
		return strconv.AppendFloat(b, f, 'f', -1, 64), nil
	}
	return library(b, v)
}

func pointer(t reflect.Type) writer {
	inner := sync.OnceValue(func() writer { return writerOf(t.Elem()) }) // a type may hold itself
	return func(b []byte, v reflect.Value) ([]byte, error) {
		if v.IsNil() {
			return append(b, "null"...), nil
		}
		return inner()(b, v.Elem())
	}
}

func slice(t reflect.Type) writer {
	if t.Elem().Kind() == reflect.Uint8 {
		return library
	}
	entry := sync.OnceValue(func() writer { return writerOf(t.Elem()) })
	return func(b []byte, v reflect.Value) (_ []byte, err error) {
		b = append(b, '[')
		for i := range v.Len() {
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = entry()(b, v.Index(i)); err != nil {
				return b, err
			}
		}
		return append(b, ']'), nil
	}
}

// field of an object.
type field struct {
	index int
	name  []byte // in quotes, with the colon
	write writer
	zero  bool // left out when it is the zero value
	empty bool // left out when it is written as null, "", [] or {}
}

func structure(t reflect.Type) writer {
	fields := make([]field, 0, t.NumField())
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			return library
		}
		if !f.IsExported() {
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" && options == "" {
			continue
		}
		if name == "" || strings.ContainsAny(name, `'"\`) {
			return library
		}
		out := field{index: i, name: []byte(`"` + name + `":`), write: writerOf(f.Type)}
		for option := range strings.SplitSeq(options, ",") {
			switch option {
			case "":
			case "omitzero":
				if _, has := f.Type.MethodByName("IsZero"); has {
					return library
				}
				out.zero = true
			case "omitempty":
				out.empty = true
			default:
				return library
			}
		}
		fields = append(fields, out)
	}
	return func(b []byte, v reflect.Value) (_ []byte, err error) {
		b = append(b, '{')
		first := len(b)
		for i := range fields {
			f := &fields[i]
			value := v.Field(f.index)
			if f.zero && value.IsZero() {
				continue
			}
			before := len(b)
			if before > first {
				b = append(b, ',')
			}
			b = append(b, f.name...)
			at := len(b)
			if b, err = f.write(b, value); err != nil {
				return b, err
			}
			if f.empty && isEmpty(b[at:]) {
				b = b[:before]
			}
		}
		return append(b, '}'), nil
	}
}

func isEmpty(text []byte) bool {
	switch len(text) {
	case len(`""`):
		return text[0] == '"' || bytes.Equal(text, []byte("[]")) || bytes.Equal(text, []byte("{}"))
	case len("null"):
		return string(text) == "null"
	}
	return false
}
