# % include 'template/parts/task/image_classification/tests/test_augment.py' %#
