"""The people that RecognizeCelebrities knows: whom the operator of this installation has put into its gallery.

gallery.py    who is in it, and whose face a vector is
enrolment.py  photos of one person to vectors
"""
