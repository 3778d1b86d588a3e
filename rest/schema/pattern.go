package schema

import "regexp/syntax"

// step is one part of a simple pattern: so many characters out of a set of ASCII.
type step struct {
	set      [128]bool
	min, max int
}

// matcher is a pattern as a loop over the text, which takes a tenth of the time of a regular expression; nil when it is
// not simple enough: from end to end a row of characters and sets, of which only the last may vary in number.
func matcher(pattern string) func(string) bool {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil || re.Op != syntax.OpConcat || len(re.Sub) < 3 {
		return nil
	}
	last := len(re.Sub) - 1
	if re.Sub[0].Op != syntax.OpBeginText || re.Sub[last].Op != syntax.OpEndText {
		return nil
	}
	var steps []step
	for _, sub := range re.Sub[1:last] {
		if len(steps) > 0 && steps[len(steps)-1].min != steps[len(steps)-1].max {
			return nil
		}
		more, ok := stepsOf(sub)
		if !ok {
			return nil
		}
		steps = append(steps, more...)
	}
	return func(s string) bool {
		at := 0
		for i := range steps {
			st, n := &steps[i], 0
			for at < len(s) && n < st.max && s[at] < 128 && st.set[s[at]] {
				at++
				n++
			}
			if n < st.min {
				return false
			}
		}
		return at == len(s)
	}
}

func stepsOf(re *syntax.Regexp) (steps []step, ok bool) {
	if re.Flags&syntax.FoldCase != 0 {
		return nil, false
	}
	switch re.Op { //nolint:exhaustive // everything else is not simple
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			if r >= 128 {
				return nil, false
			}
			st := step{min: 1, max: 1}
			st.set[r] = true
			steps = append(steps, st)
		}
		return steps, true
	case syntax.OpCharClass:
		st := step{min: 1, max: 1}
		for i := 0; i < len(re.Rune); i += 2 {
			if re.Rune[i+1] >= 128 {
				return nil, false
			}
			for r := re.Rune[i]; r <= re.Rune[i+1]; r++ {
				st.set[r] = true
			}
		}
		return []step{st}, true
	case syntax.OpRepeat:
		inner, ok := stepsOf(re.Sub[0])
		if !ok || len(inner) != 1 || inner[0].max != 1 || re.Max < 1 {
			return nil, false
		}
		inner[0].min, inner[0].max = re.Min, re.Max
		return inner, true
	}
	return nil, false
}
