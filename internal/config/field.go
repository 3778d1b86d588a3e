package config

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// field is one setting.
type field struct {
	key        string // as in the file: limits.batch_commands
	flag       string // without --
	env        string
	help       string
	fallback   string   // the default
	min, max   string   // "" for no bound
	oneof      []string // nil: any
	secret     bool
	everywhere bool
	value      reflect.Value // addressable, in the Config
}

var durationType = reflect.TypeFor[time.Duration]()

// fieldsOf lists the settings of a struct in the order of its fields.
func fieldsOf(v reflect.Value, section, prefix string) []*field {
	var all []*field
	for i := range v.NumField() {
		f := v.Type().Field(i)
		tag := f.Tag
		if tag.Get("kong") == "-" {
			continue
		}
		if p, ok := tag.Lookup("prefix"); ok {
			all = append(all, fieldsOf(v.Field(i), strings.TrimSuffix(p, "-")+".", p)...)
			continue
		}
		name := tag.Get("name")
		snake := strings.ReplaceAll(name, "-", "_")
		_, secret := tag.Lookup("secret")
		_, everywhere := tag.Lookup("everywhere")
		var oneof []string
		if words := tag.Get("oneof"); words != "" {
			oneof = strings.Split(words, ",")
		}
		all = append(all, &field{
			key: section + snake, flag: prefix + name, env: "HOLDFAST_" + strings.ToUpper(strings.ReplaceAll(prefix+name, "-", "_")),
			help: tag.Get("help"), fallback: tag.Get("default"), min: tag.Get("min"), max: tag.Get("max"), oneof: oneof,
			secret: secret, everywhere: everywhere, value: v.Field(i),
		})
	}
	return all
}

// wants says in words what a value of the field looks like.
func (f *field) wants() string {
	switch {
	case f.value.Kind() == reflect.Bool:
		return "true or false"
	case f.oneof != nil:
		return strings.Join(f.oneof[:len(f.oneof)-1], ", ") + " or " + f.oneof[len(f.oneof)-1]
	case f.min != "":
		return f.min + " to " + f.max
	case f.value.Type() == durationType:
		return "a duration such as 90s or 15m"
	case f.value.CanInt():
		return "a whole number"
	}
	return "a text"
}

// parses reports whether text can be read as a value of the field at all, bounds aside.
func (f *field) parses(text string) bool {
	var err error
	switch {
	case f.value.Kind() == reflect.Bool:
		_, err = strconv.ParseBool(text)
	case f.value.Type() == durationType:
		_, err = time.ParseDuration(text)
	case f.value.CanInt():
		_, err = strconv.ParseInt(text, 10, f.value.Type().Bits())
	}
	return err == nil
}

// within reports whether the value is inside the bounds.
func (f *field) within() bool {
	if f.oneof != nil {
		return slices.Contains(f.oneof, f.value.String())
	}
	if f.min == "" {
		return true
	}
	low, high := f.number(f.min), f.number(f.max)
	return low <= f.value.Int() && f.value.Int() <= high
}

// number reads a bound from a tag, or a text that parses.
func (f *field) number(text string) int64 {
	if f.value.Type() == durationType {
		d, err := time.ParseDuration(text)
		if err != nil {
			panic(fmt.Sprintf("config: %q of %s is no duration", text, f.key))
		}
		return int64(d)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		panic(fmt.Sprintf("config: %q of %s is no number", text, f.key))
	}
	return n
}

// set gives a field of a whole number or duration a value that parses.
func (f *field) set(text string) { f.value.SetInt(f.number(text)) }

// text is the value as it would be written in the environment.
func (f *field) text() string { return fmt.Sprint(f.value.Interface()) }

// closest finds the known word that a mistyped one most likely means; "" if none is near.
func closest(word string, known []string) string {
	best, distance := "", 1+len(word)/3
	for _, k := range known {
		if d := edits(word, k); d <= distance && (best == "" || d < distance) {
			best, distance = k, d
		}
	}
	return best
}

// edits counts the insertions, deletions and replacements that make b of a (Levenshtein, one row at a time).
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
