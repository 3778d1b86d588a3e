package feed

import (
	"errors"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// traCalls are the calls of a train: a list, or the values of an object whose keys say nothing (stations, with an
// underscore before one that comes again).
type traCalls []traCall

// UnmarshalJSONFrom reads either.
func (t *traCalls) UnmarshalJSONFrom(decoder *jsontext.Decoder) error {
	first, err := decoder.ReadToken()
	if err != nil {
		return err
	}
	open := first.Kind()
	if open != '[' && open != '{' {
		return errors.New("neither a list nor an object")
	}
	for decoder.PeekKind() != ']' && decoder.PeekKind() != '}' {
		if open == '{' {
			if err := decoder.SkipValue(); err != nil {
				return err
			}
		}
		var c traCall
		if err := json.UnmarshalDecode(decoder, &c); err != nil {
			return err
		}
		if *t = append(*t, c); len(*t) > maxGTFSCalls {
			return errors.New("too many calls")
		}
	}
	_, err = decoder.ReadToken()
	return err
}
