package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"holdfast/uid"
)

// maxFile bounds a configuration file in bytes.
const maxFile = 1 << 20

// supplierCapsKey is the one setting that only a file can hold.
const supplierCapsKey = "caps.suppliers"

// readFile reads a configuration file into texts by key. What is not a setting is refused with the setting that was
// most likely meant.
func readFile(name string, fields []*field) (values map[string]string, suppliers jsontext.Value, err error) {
	text, err := readBounded(name)
	if err != nil {
		return nil, nil, err
	}
	var top map[string]jsontext.Value
	if err := json.Unmarshal(text, &top); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, readable(err))
	}
	byKey := map[string]*field{}
	sections := map[string]bool{}
	for _, f := range fields {
		byKey[f.key] = f
		if section, _, nested := strings.Cut(f.key, "."); nested {
			sections[section] = true
		}
	}
	values = map[string]string{}
	var take func(key string, v jsontext.Value) error
	take = func(key string, v jsontext.Value) error {
		if sections[key] && v.Kind() == '{' {
			var inner map[string]jsontext.Value
			if err := json.Unmarshal(v, &inner); err != nil {
				return readable(err)
			}
			for k, v := range inner {
				if err := take(key+"."+k, v); err != nil {
					return err
				}
			}
			return nil
		}
		if key == supplierCapsKey {
			suppliers = v
			return nil
		}
		f, known := byKey[key]
		if !known || key == "config" {
			return unknownKey(key, byKey)
		}
		values[key], err = f.fromJSON(v)
		return err
	}
	for k, v := range top {
		if err := take(k, v); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return values, suppliers, nil
}

func unknownKey(key string, byKey map[string]*field) error {
	known := make([]string, 0, len(byKey))
	for k := range byKey {
		if k != "config" {
			known = append(known, k)
		}
	}
	slices.Sort(known)
	if hint := closest(key, known); hint != "" {
		return fmt.Errorf("unknown setting %q; did you mean %q?", key, hint)
	}
	if i := slices.IndexFunc(known, func(k string) bool { return strings.HasSuffix(k, "."+key) }); i >= 0 {
		return fmt.Errorf("unknown setting %q; did you mean %q?", key, known[i])
	}
	return fmt.Errorf("unknown setting %q; `holdfast config` lists all of them", key)
}

// fromJSON is the text of a JSON value of the kind that the field wants.
func (f *field) fromJSON(v jsontext.Value) (string, error) {
	text := string(v)
	wrong := fmt.Errorf("%s is %s, want %s", f.key, text, f.wants())
	if f.secret {
		wrong = fmt.Errorf("%s is not a text", f.key)
	}
	want := jsontext.Kind('"')
	switch {
	case f.value.Kind() == reflect.Bool:
		if v.Kind() == 't' || v.Kind() == 'f' {
			return text, nil
		}
		return "", wrong
	case f.value.CanInt() && f.value.Type() != durationType:
		want = '0'
	}
	if v.Kind() != want {
		return "", wrong
	}
	if want == '"' {
		if err := json.Unmarshal(v, &text); err != nil {
			return "", fmt.Errorf("%s: %w", f.key, readable(err))
		}
	}
	if !f.parses(text) {
		return "", wrong
	}
	return text, nil
}

// supplierCaps reads the caps of single suppliers; general is what an entry starts from.
func supplierCaps(v jsontext.Value, general Caps) (map[uid.ID]Caps, error) {
	if v == nil {
		return nil, nil
	}
	var entries map[string]jsontext.Value
	if err := json.Unmarshal(v, &entries); err != nil {
		return nil, fmt.Errorf("%s: want {\"sup_...\": {...}}: %w", supplierCapsKey, readable(err))
	}
	all := map[uid.ID]Caps{}
	for name, entry := range entries {
		id, err := uid.Parse("sup", name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", supplierCapsKey, err)
		}
		if all[id], err = oneSupplierCaps(supplierCapsKey+"."+name+".", entry, general); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// oneSupplierCaps reads one entry; prefix is what its keys start with in messages.
func oneSupplierCaps(prefix string, entry jsontext.Value, caps Caps) (Caps, error) {
	var texts map[string]jsontext.Value
	if err := json.Unmarshal(entry, &texts); err != nil {
		return caps, fmt.Errorf("%s: %w", strings.TrimSuffix(prefix, "."), readable(err))
	}
	byKey := map[string]*field{}
	for _, f := range fieldsOf(reflect.ValueOf(&caps).Elem(), prefix, "") {
		byKey[f.key] = f
	}
	for k, v := range texts {
		f, known := byKey[prefix+k]
		if !known {
			return caps, unknownKey(prefix+k, byKey)
		}
		text, err := f.fromJSON(v)
		if err != nil {
			return caps, err
		}
		if f.set(text); !f.within() {
			return caps, fmt.Errorf("%s is %s, want %s", f.key, f.text(), f.wants())
		}
	}
	return caps, nil
}

// readBounded reads a whole file of at most maxFile bytes.
func readBounded(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err // it names the file
	}
	defer func() { _ = file.Close() }() // only read
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("%s is larger than %d KiB", name, maxFile>>10)
	}
	return text, nil
}

// readable says where JSON went wrong without what stands there, which may be a secret.
func readable(err error) error {
	if e, ok := errors.AsType[*json.SemanticError](err); ok {
		if errors.Is(e.Err, json.ErrUnknownName) {
			return fmt.Errorf("unknown field at %s", e.JSONPointer)
		}
		return fmt.Errorf("wrong kind of value at %q", e.JSONPointer)
	}
	if e, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		if errors.Is(e.Err, jsontext.ErrDuplicateName) {
			return fmt.Errorf("field is there twice at %s", e.JSONPointer)
		}
		return fmt.Errorf("not proper JSON after byte %d", e.ByteOffset)
	}
	return errors.New("not proper JSON")
}
