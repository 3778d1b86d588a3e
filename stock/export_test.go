package stock

// GapOf is the free run around [i, j) of a unit, as Fit sees it.
func (u *Units) GapOf(unit int32, i, j int) int { return u.gap(unit, i, j) }

// MaskOf is the mask of a unit.
func (u *Units) MaskOf(unit int32) Mask { return u.mask(unit) }
