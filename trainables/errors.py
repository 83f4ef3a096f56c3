"""Errors of data and training that a user can cause, and warnings."""

from policies.errors import ExitSearchError


class DataError(ExitSearchError):
    """A data source is missing, damaged or unfit; the message says what was looked for and how to get it."""


class SamplesError(DataError):
    """What a data source gives as its samples does not fit together; the message names the attribute."""


class SamplesWarning(UserWarning):
    """What a data source gives as its samples is taken otherwise than it stands."""


class DamagedImagesWarning(UserWarning):
    """Some image files are damaged and were skipped."""


class DuplicateImagesWarning(UserWarning):
    """Some images are exact copies of others."""


class OtherFilesWarning(UserWarning):
    """Some files are of kinds that are not read."""


class SkippedBoxesWarning(UserWarning):
    """Some boxes cannot be, or reach out of their image, and were skipped or clipped."""


class AbsentClassesWarning(UserWarning):
    """Some splits are without an object of some classes."""


class OneSidedLabelsWarning(UserWarning):
    """Some labels are never on, or always, in all data or in a split."""


class UnlabelledFilesWarning(UserWarning):
    """Some files have no row in the table of labels, and were left out."""


class JoinedOriginsWarning(UserWarning):
    """Names of origins differ in case only, and were taken as one."""


class ImageCacheWarning(UserWarning):
    """Decoded images cannot be kept, so that they are decoded each time."""


class UnusedRecordingsWarning(UserWarning):
    """Some recordings are damaged or silent and were left out."""


class CancellingChannelsWarning(UserWarning):
    """The channels of some recordings cancel each other, so that one alone was used."""


class AudioCacheWarning(UserWarning):
    """Features of recordings cannot be kept, so that they are computed each time."""


class TrainingError(ExitSearchError):
    """Training options that cannot work together."""


class CutError(TrainingError):
    """A network of several outputs cannot be cut into stages; what it says can still be tabulated."""


class ImportedNetworkWarning(UserWarning):
    """A network from elsewhere can be used, but not for everything, or not as it seems meant."""


class DerivedWarning(UserWarning):
    """What is derived from a network is not just what is largest in it."""


class CheckpointError(ExitSearchError):
    """The checkpoint of a finished trial is gone or damaged."""


class StorageFullError(ExitSearchError):
    """There is no room for a checkpoint."""


class SoftLabelsError(ExitSearchError):
    """A file of soft labels is missing, damaged or breaks its contract."""


class AlignmentError(ExitSearchError):
    """Soft labels do not belong to the samples, classes or temperature that they are used with."""


class ModelFileError(ExitSearchError):
    """A file with a trained network is missing, damaged or of another kind."""


class BundleError(ExitSearchError):
    """A bundle is missing, damaged, of a newer version or of another network, or is given what it does not take."""


class InputRangeWarning(UserWarning):
    """Inputs hold values far from those that a network was certified on."""


class ExportError(ExitSearchError):
    """A network or a policy cannot be written in the form that was asked for, or what was written is not right."""
