// Package schema reads a JSON body in one pass: what it says goes into its Go type, and is held against its schema on the
// way. It knows no refusals. A body it is not sure about, whatever the reason, is not read at all, and the caller reads it
// again in the slow and exact way, which finds the words for what is wrong. So it must never take what the slow way
// refuses, nor read it differently; the tests and FuzzBody in package rest hold it to that.
package schema

import (
	"bytes"
	"errors"
	"io"
	"math"
	"net/mail"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json/jsontext"
)

// Reader reads bodies of one type. It may be used by many at once.
type Reader struct {
	read take
	of   reflect.Type
}

// take reads the next value into v; false when it is not sure that the value is right.
type take func(d *jsontext.Decoder, v reflect.Value) bool

// Compile makes the reader of a type with a schema. What of the schema it does not know it leaves to the slow way.
func Compile(r huma.Registry, s *huma.Schema, of reflect.Type) *Reader {
	return &Reader{read: compile(r, s, of), of: of}
}

type source struct {
	decoder jsontext.Decoder
	buffer  bytes.Buffer
}

var sources = sync.Pool{New: func() any { return new(source) }}

// Read reads a body into out, a pointer to the reader's type. When it returns false, out is as it was made.
func (r *Reader) Read(data []byte, out any) bool {
	src := sources.Get().(*source) //nolint:errcheck,forcetypeassert // the pool holds nothing else
	defer sources.Put(src)
	// A buffer is what the decoder reads from without a copy. Names given twice are found by the objects themselves.
	src.buffer = *bytes.NewBuffer(data)
	src.decoder.Reset(&src.buffer, jsontext.AllowDuplicateNames(true))
	v := reflect.ValueOf(out).Elem()
	ok := r.read(&src.decoder, v)
	if ok {
		_, err := src.decoder.ReadToken()
		ok = errors.Is(err, io.EOF)
	}
	if !ok {
		v.SetZero()
	}
	src.buffer = bytes.Buffer{} // the body is the caller's
	return ok
}

// unsure leaves every value to the slow way.
func unsure(*jsontext.Decoder, reflect.Value) bool { return false }

func compile(r huma.Registry, s *huma.Schema, of reflect.Type) take {
	for s != nil && s.Ref != "" {
		s = r.SchemaFromRef(s.Ref)
	}
	if s == nil || !understood(s) {
		return unsure
	}
	if of.Kind() == reflect.Pointer {
		inner := compile(r, s, of.Elem())
		return func(d *jsontext.Decoder, v reflect.Value) bool {
			p := reflect.New(of.Elem())
			v.Set(p)
			return inner(d, p.Elem())
		}
	}
	if reflect.PointerTo(of).NumMethod() > 0 && ownReader(of) {
		return unsure
	}
	switch s.Type {
	case huma.TypeString:
		return text(s, of)
	case huma.TypeInteger:
		return integer(s, of)
	case huma.TypeNumber:
		return number(s, of)
	case huma.TypeBoolean:
		return boolean(s, of)
	case huma.TypeArray:
		return list(r, s, of)
	case huma.TypeObject:
		return object(r, s, of)
	}
	return unsure
}

// understood reports whether a schema has no rule but those that are checked here.
func understood(s *huma.Schema) bool {
	closed, ok := s.AdditionalProperties.(bool)
	return s.OneOf == nil && s.AnyOf == nil && s.AllOf == nil && s.Not == nil && s.Discriminator == nil && s.Const == nil &&
		s.MinProperties == nil && s.MaxProperties == nil && len(s.DependentRequired) == 0 && s.ContentEncoding == "" && !s.ReadOnly &&
		(s.Type != huma.TypeObject || ok && !closed)
}

// ownReader reports whether a type reads itself from JSON or text.
func ownReader(of reflect.Type) bool {
	for m := range reflect.PointerTo(of).Methods() {
		if strings.HasPrefix(m.Name, "Unmarshal") {
			return true
		}
	}
	return false
}

// maxShort bounds a number that is surely read the same by everybody.
const maxShort = 15

// plain reports whether a number is a short whole one without sign tricks.
func plain(raw []byte) bool {
	digits := bytes.TrimPrefix(raw, []byte("-"))
	if len(digits) == 0 || len(digits) > maxShort || len(digits) < len(raw) && digits[0] == '0' {
		return false
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// within is the bounds of a number.
func within(s *huma.Schema, n float64) bool {
	if s.MultipleOf != nil {
		if r := math.Mod(n, *s.MultipleOf); math.Abs(r) > 1e-9 && math.Abs(r-*s.MultipleOf) > 1e-9 { // as huma has it
			return false
		}
	}
	return (s.Minimum == nil || n >= *s.Minimum) && (s.ExclusiveMinimum == nil || n > *s.ExclusiveMinimum) &&
		(s.Maximum == nil || n <= *s.Maximum) && (s.ExclusiveMaximum == nil || n < *s.ExclusiveMaximum)
}

func integer(s *huma.Schema, of reflect.Type) take {
	if !reflect.Zero(of).CanInt() || len(s.Enum) > 0 {
		return unsure
	}
	return func(d *jsontext.Decoder, v reflect.Value) bool {
		raw, err := d.ReadValue()
		if err != nil || !plain(raw) {
			return false
		}
		n, err := strconv.ParseInt(string(raw), 10, 64)
		if err != nil || v.OverflowInt(n) || !within(s, float64(n)) {
			return false
		}
		v.SetInt(n)
		return true
	}
}

func number(s *huma.Schema, of reflect.Type) take {
	if of.Kind() != reflect.Float64 || len(s.Enum) > 0 {
		return unsure
	}
	return func(d *jsontext.Decoder, v reflect.Value) bool {
		raw, err := d.ReadValue()
		if err != nil || raw.Kind() != '0' || len(raw) > 2*maxShort {
			return false
		}
		n, err := strconv.ParseFloat(string(raw), 64)
		if err != nil || !within(s, n) {
			return false
		}
		v.SetFloat(n)
		return true
	}
}

func boolean(s *huma.Schema, of reflect.Type) take {
	if of.Kind() != reflect.Bool || len(s.Enum) > 0 {
		return unsure
	}
	return func(d *jsontext.Decoder, v reflect.Value) bool {
		token, err := d.ReadToken()
		if err != nil || token.Kind() != 't' && token.Kind() != 'f' {
			return false
		}
		v.SetBool(token.Bool())
		return true
	}
}

func text(s *huma.Schema, of reflect.Type) take {
	if of.Kind() != reflect.String {
		return unsure
	}
	var pattern func(string) bool
	if s.Pattern != "" {
		re, err := regexp.Compile(s.Pattern)
		if err != nil {
			return unsure
		}
		if pattern = matcher(s.Pattern); pattern == nil {
			pattern = re.MatchString
		}
	}
	format, known := formats[s.Format]
	if !known {
		return unsure
	}
	choices := make([]string, len(s.Enum))
	for i, e := range s.Enum {
		choice, ok := e.(string)
		if !ok {
			return unsure
		}
		choices[i] = choice
	}
	least, most := 0, math.MaxInt
	if s.MinLength != nil {
		least = *s.MinLength
	}
	if s.MaxLength != nil {
		most = *s.MaxLength
	}
	return func(d *jsontext.Decoder, v reflect.Value) bool {
		token, err := d.ReadToken()
		if err != nil || token.Kind() != '"' {
			return false
		}
		str := token.String()
		if n := utf8.RuneCountInString(str); n < least || n > most {
			return false
		}
		if strings.IndexByte(str, 0) >= 0 || pattern != nil && !pattern(str) || format != nil && !format(str) ||
			len(choices) > 0 && !slices.Contains(choices, str) {
			return false
		}
		v.SetString(str)
		return true
	}
}

// formats are the formats that texts of bodies have.
var formats = map[string]func(string) bool{
	"": nil,
	"date": func(s string) bool {
		_, err := time.Parse(time.DateOnly, s)
		return err == nil
	},
	"date-time": func(s string) bool {
		_, err := time.Parse(time.RFC3339, s)
		return err == nil
	},
	"email": func(s string) bool {
		if simpleAddress(s) {
			return true
		}
		a, err := mail.ParseAddress(s)
		return err == nil && a.Name == "" && a.Address == s
	},
}

// simpleAddress reports whether a text is an address of the kind nearly all are: dot-atoms of RFC 5322, section 3.2.3, of
// the commonest characters only.
func simpleAddress(s string) bool {
	at, last := 0, byte('.')
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '+':
		case c == '.' && last != '.' && last != '@':
		case c == '@' && last != '.' && at == 0:
			at++
		default:
			return false
		}
		last = c
	}
	return at == 1 && last != '.' && last != '@'
}

func list(r huma.Registry, s *huma.Schema, of reflect.Type) take {
	if of.Kind() != reflect.Slice || len(s.Enum) > 0 || s.UniqueItems && of.Elem().Kind() != reflect.String {
		return unsure
	}
	entry := compile(r, s.Items, of.Elem())
	least, most := 0, math.MaxInt
	if s.MinItems != nil {
		least = *s.MinItems
	}
	if s.MaxItems != nil {
		most = *s.MaxItems
	}
	return func(d *jsontext.Decoder, v reflect.Value) bool {
		if token, err := d.ReadToken(); err != nil || token.Kind() != '[' {
			return false
		}
		n := 0
		for ; d.PeekKind() != ']'; n++ {
			if n == most {
				return false
			}
			v.Grow(1)
			v.SetLen(n + 1)
			if !entry(d, v.Index(n)) {
				return false
			}
			for i := range n {
				if s.UniqueItems && v.Index(i).String() == v.Index(n).String() {
					return false
				}
			}
		}
		if _, err := d.ReadToken(); err != nil || n < least {
			return false
		}
		if n == 0 {
			v.Set(reflect.MakeSlice(of, 0, 0))
		}
		return true
	}
}

// member is a field of an object.
type member struct {
	name  string
	index int
	read  take
}

// maxMembers is how many fields fit the set that tells which were there.
const maxMembers = 64

func object(r huma.Registry, s *huma.Schema, of reflect.Type) take {
	if of.Kind() != reflect.Struct || len(s.Enum) > 0 || len(s.Properties) > maxMembers {
		return unsure
	}
	var members []member
	var needed uint64
	for i := range of.NumField() {
		f := of.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		p := s.Properties[name]
		if f.Anonymous || !f.IsExported() || p == nil {
			return unsure
		}
		if slices.Contains(s.Required, name) {
			needed |= 1 << len(members)
		}
		members = append(members, member{name, i, compile(r, p, f.Type)})
	}
	if len(members) != len(s.Properties) {
		return unsure
	}
	return func(d *jsontext.Decoder, v reflect.Value) bool {
		if token, err := d.ReadToken(); err != nil || token.Kind() != '{' {
			return false
		}
		var seen uint64
		next := 0
		for d.PeekKind() != '}' {
			raw, err := d.ReadValue()
			if err != nil || len(raw) < 2 {
				return false
			}
			at := find(members, next, raw[1:len(raw)-1])
			if at < 0 || seen&(1<<at) != 0 {
				return false
			}
			seen |= 1 << at
			if !members[at].read(d, v.Field(members[at].index)) {
				return false
			}
			next = at + 1
		}
		_, err := d.ReadToken()
		return err == nil && seen&needed == needed
	}
}

// find is the member of a name as it is written, looking from where the last one was; -1 for none, such as a name with
// escapes.
func find(members []member, from int, name []byte) int {
	for i := range members {
		at := (from + i) % len(members)
		if members[at].name == string(name) {
			return at
		}
	}
	return -1
}
